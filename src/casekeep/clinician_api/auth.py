"""A Bearer token becomes a signed-in clinician, or 401 with one text for every cause."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import State

from casekeep.http.house import House
from casekeep.identity.gate import SignedIn
from casekeep.kernel.errors import ActorMismatch


def house_of(state: State) -> House:
    """The assembled parts behind this application."""
    house: House = state.house
    return house


async def signed_in(request: ASGIConnection[Any, Any, Any, State]) -> SignedIn:
    """Who is calling. Raises TokenNotValid."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    return await house_of(request.app.state).gate.clinician(bearer)


def demand_same_user(caller: SignedIn, user_id: str | None) -> None:
    """Refuse a `user_id` that is not the token's user. Raises ActorMismatch."""
    if user_id and user_id.strip().lower() != str(caller.user.id):
        raise ActorMismatch
