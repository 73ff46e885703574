"""Who is calling, before anything else of the request is looked at: the API key selects the
organisation, the token proves the patient. Neither is ever logged or told back.
"""

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from casekeep.http.connections import Connection, bearer, field_values, house_of
from casekeep.identity.model import Partner, Patient
from casekeep.kernel.errors import InputNotValid, OrganizationNotKnown, TokenNotValid

AnyRequest = Request[Any, Any, State]
KeyRequest = Request[Any, Partner, State]
"""A request whose API key was proven: `request.auth`."""
PatientRequest = Request[Patient, Partner, State]
"""A request whose API key and patient were proven: `request.auth`, `request.user`."""


async def require_key(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard of the calls without a token.

    Raises InputNotValid without a key, OrganizationNotKnown for an unknown or revoked one.
    """
    key = _api_key(connection)
    connection.scope["auth"] = await house_of(connection).gate.partner(key)


async def require_partner(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard of the calls that a partner's software makes, which have no token either.

    Raises InputNotValid without a key, TokenNotValid for an unknown or revoked one.
    """
    connection.scope["auth"] = await _prove_partner(connection)


async def require_patient(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard of the calls that a patient makes. Raises what `prove_patient` raises."""
    connection.scope["auth"], connection.scope["user"] = await prove_patient(connection)


async def prove_patient(connection: Connection) -> tuple[Partner, Patient]:
    """Whose software is calling, and which patient: key first, then token.

    Raises InputNotValid without a key, and TokenNotValid for everything that a key and a token may
    lack, a key of another organisation too.
    """
    partner = await _prove_partner(connection)
    actor = (await house_of(connection).gate.patient(bearer(connection))).actor
    if not isinstance(actor, Patient) or actor.organization_id != partner.organization_id:
        raise TokenNotValid
    return partner, actor


async def _prove_partner(connection: Connection) -> Partner:
    key = _api_key(connection)
    try:
        return await house_of(connection).gate.partner(key)
    except OrganizationNotKnown:
        raise TokenNotValid from None


def _api_key(connection: Connection) -> str:
    values = field_values(connection, b"cv-api-key")
    if len(values) != 1 or not values[0]:
        raise InputNotValid("cv-api-key is missing")
    return values[0]
