"""Sign-in for clients of the published API: a GoTrue-style endpoint. Every way of failing to sign
in answers alike, in the same time.
"""

from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.params import JSONBody, QueryParameter

from casekeep.http.connections import bearer, house_of
from casekeep.identity.model import Audience
from casekeep.identity.signing_out import Reach, sign_out_caller
from casekeep.kernel import errors as facts

from .errors import FieldsNotValid, field_problem
from .openapi import BEARER, GRANTED, Told, WithoutBadRequest, refusals
from .proof import AnyRequest, SignedInRequest, require_token
from .wire import GrantError, TokensOut, UserOut, tokens_out, user_out

_NOT_A_REACH = "Input should be 'local', 'global' or 'others'"
_SCOPE_REFUSED = Told(422, [field_problem("query", "scope", _NOT_A_REACH, "some")])
_NO_STORE = {"Cache-Control": "no-store"}
_GrantType = Annotated[
    str | None,
    QueryParameter(
        schema_extra={"one_of": None, "type": "string", "enum": ["password", "refresh_token"]}
    ),
]
_Scope = Annotated[
    str | None,
    QueryParameter(
        name="scope",
        schema_extra={"one_of": None, "type": "string", "enum": [each.value for each in Reach]},
    ),
]


class Credentials(msgspec.Struct, frozen=True):
    """The body of both grants: email and password, or a refresh token."""

    email: str = ""
    password: str = ""
    refresh_token: str = ""


def _grant_refused(_: AnyRequest, error: facts.DomainError) -> Response[GrantError]:
    refresh = isinstance(error, facts.RefreshNotValid | facts.RefreshReplayed)
    text = "Invalid Refresh Token" if refresh else "Invalid login credentials"
    return Response(GrantError("invalid_grant", text), status_code=400, headers=_NO_STORE)


def _grant_unknown() -> Response[GrantError]:
    text = "grant_type is password or refresh_token"
    return Response(GrantError("unsupported_grant_type", text), status_code=400)


@post(
    "/token",
    status_code=200,
    summary="Sign in, or refresh",
    responses=GRANTED,
    exception_handlers={
        facts.SignInRefused: _grant_refused,
        facts.RefreshNotValid: _grant_refused,
        facts.RefreshReplayed: _grant_refused,
    },
)
async def token(
    request: AnyRequest,
    data: JSONBody[Credentials],
    grant_type: _GrantType = None,
) -> Response[TokensOut] | Response[GrantError]:
    """Trade a password or a refresh token for an access token; a refresh token works once."""
    sign_in = house_of(request).sign_in
    match grant_type:
        case "password" if not (data.email and data.password):
            raise facts.SignInRefused  # of nobody: not worth a hash, nor a count of attempts
        case "password":
            address = request.client.host if request.client else ""
            tokens = await sign_in.with_password(data.email, data.password, address)
        case "refresh_token":
            tokens = await sign_in.refresh(data.refresh_token, Audience.CLINICIAN)
        case _:
            return _grant_unknown()
    return Response(tokens_out(tokens), headers=_NO_STORE)


@get(
    "/user",
    summary="Who is signed in",
    guards=[require_token],
    security=[BEARER],
    response_description="The account",
    responses=refusals(),
)
async def user(request: SignedInRequest) -> UserOut:
    """The account behind the token."""
    return user_out(request.auth.user)


@post(
    "/logout",
    status_code=204,
    summary="Sign out",
    guards=[require_token],
    security=[BEARER],
    response_description="Signed out",
    operation_class=WithoutBadRequest,
    responses=refusals(_SCOPE_REFUSED),
)
async def logout(request: SignedInRequest, reach: _Scope = None) -> None:
    """End this sign-in: its access and refresh tokens stop working. `scope`: `global` ends all
    sign-ins of the account, `others` all but this.
    """
    house, token = house_of(request), bearer(request) or ""
    await sign_out_caller(house.sign_in, house.gate, request.auth, token, _read_reach(reach))


def _read_reach(scope: str | None) -> Reach:
    """The clinician contract's default is this sign-in alone. Raises FieldsNotValid."""
    try:
        return Reach.LOCAL if scope is None else Reach(scope)
    except ValueError:
        raise FieldsNotValid(field_problem("query", "scope", _NOT_A_REACH, scope)) from None


router = Router(path="/auth/v1", route_handlers=[token, user, logout], tags=["Sign-in"])
