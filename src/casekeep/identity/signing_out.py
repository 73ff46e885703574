"""Ends a sign-in for both edges: its tokens are worth nothing any more when the answer is given."""

from casekeep.identity.gate import Gate
from casekeep.identity.model import Audience
from casekeep.identity.signing_in import SignIn
from casekeep.kernel.ids import OrganizationId, SignInId


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
