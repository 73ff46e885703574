"""Who is calling, before anything else of the request is looked at: a Bearer token proves a
clinician or an administrator, or the answer is 401 with one text for every cause.
"""

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.http.connections import Connection, bearer, house_of
from casekeep.identity.actors import who
from casekeep.identity.gate import SignedIn
from casekeep.kernel.errors import ActorMismatch

AnyRequest = Request[Any, Any, State]
SignedInRequest = Request[Any, SignedIn, State]
"""A request whose token was proven: `request.auth`."""


async def require_token(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard of every call but sign-in. Raises TokenNotValid."""
    connection.scope["auth"] = await house_of(connection).gate.clinician(bearer(connection))


async def demand_same_user(request: SignedInRequest, user_id: str | None) -> None:
    """Refuse a `user_id`, in the form or in the query, that is not the token's user, and record it.

    Raises ActorMismatch.
    """
    named = [user_id, *request.query_params.getall("user_id", [])]
    if any(each and each.strip().lower() != str(request.auth.user.id) for each in named):
        event = Event(Action.ACTOR_MISMATCHED)
        await house_of(request).audit.record_refusal(who(request.auth.actor), event)
        raise ActorMismatch
