"""Ends sign-ins for both edges: their tokens are worth nothing more when the answer is given."""

from enum import StrEnum

from casekeep.identity.gate import Gate, SignedIn
from casekeep.identity.model import Audience
from casekeep.identity.signing_in import SignIn
from casekeep.kernel.ids import OrganizationId, SignInId


class Reach(StrEnum):
    """Which sign-ins of a user end."""

    LOCAL = "local"
    GLOBAL = "global"
    OTHERS = "others"


async def sign_out(
    sign_ins: SignIn,
    gate: Gate,
    *,
    refresh_token: str | None = None,
    sign_in: tuple[OrganizationId, SignInId] | None = None,
    audience: Audience | None = None,
) -> None:
    """Like `SignIn.sign_out`; this process forgets what it remembers of the sign-in at once, and
    does not wait to hear of it as the others do.
    """
    ended = await sign_ins.sign_out(refresh_token, sign_in, audience=audience)
    if ended is not None:
        gate.revoked(ended)


async def sign_out_caller(
    sign_ins: SignIn, gate: Gate, caller: SignedIn, token: str, reach: Reach
) -> None:
    """End the sign-in of whoever calls with `token`, all of theirs, or all but that. A token of a
    trusted issuer has no sign-in here: it is forgotten, and asked about anew when it comes again.
    """
    if reach is Reach.LOCAL:
        if caller.sign_in_id is not None:
            named = (caller.user.organization_id, caller.sign_in_id)
            await sign_out(sign_ins, gate, sign_in=named)
    else:
        but = caller.sign_in_id if reach is Reach.OTHERS else None
        for ended in await sign_ins.end_all_of(caller.user, but=but):
            gate.revoked(ended)
    if reach is not Reach.OTHERS:
        gate.forget(token)
