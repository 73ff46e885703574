"""Signing a patient in, in four calls: a code is sent, proven, and the tokens live on from there.
An answer never tells whether somebody has an account.
"""

import re
from typing import Annotated, Literal, NamedTuple

import msgspec
from litestar import Response, Router, post
from litestar.params import JSONBody

from casekeep.http.connections import house_of
from casekeep.identity.contacts import clean_email
from casekeep.identity.model import Audience, Tokens
from casekeep.identity.opaque import Form, read_opaque
from casekeep.identity.signing_out import sign_out
from casekeep.kernel.errors import InputNotValid

from .envelope import Success, Told, answer
from .errors import (
    NO_ORGANIZATION,
    NOT_VALID,
    REFRESH_INVALID,
    REFRESH_REUSED,
    TOO_LARGE,
    TOO_MANY,
    WRONG_CODE,
)
from .openapi import KEY, refusals
from .proof import KeyRequest, require_key

_LARGEST_BODY = 16_384
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_CODE = re.compile(r"[0-9]{6}")

Phone = Annotated[str, msgspec.Meta(max_length=16, description="E.164, such as +15551234567")]
EmailAddress = Annotated[str, msgspec.Meta(max_length=320, description="An email address")]
RefreshToken = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class SendOtp(msgspec.Struct, frozen=True, rename="camel"):
    """Exactly one of `email` and `phoneNumber`, and the channel that belongs to it."""

    channel: Literal["EMAIL", "SMS"]
    email: EmailAddress | None = None
    phone_number: Phone | None = None


class VerifyOtp(msgspec.Struct, frozen=True, rename="camel"):
    """The identifier that the code was sent to, and the code."""

    code: Annotated[str, msgspec.Meta(pattern=r"^\d{6}$", max_length=6)]
    email: EmailAddress | None = None
    phone_number: Phone | None = None


class Refresh(msgspec.Struct, frozen=True):
    """The one body of the contract in snake_case."""

    refresh_token: RefreshToken


class TokenPair(msgspec.Struct, frozen=True, rename="camel"):
    """`expiresIn`: seconds of the access token's life."""

    access_token: str
    refresh_token: str
    expires_in: int


class TokensAnswer(Success, frozen=True):
    """A sign-in."""

    data: TokenPair


class _Identifier(NamedTuple):
    email: str | None
    phone: str | None


@post(
    "/send-otp",
    status_code=200,
    responses=refusals(NOT_VALID, NO_ORGANIZATION, TOO_LARGE, TOO_MANY),
    summary="Ask for a code",
    response_description="It was sent, if anybody has such an account",
)
async def send_otp(request: KeyRequest, data: JSONBody[SendOtp]) -> Response[Told]:
    """Send a verification code to a patient's email address or phone."""
    who = _identifier(data.email, data.phone_number)
    if (data.channel == "EMAIL") != (who.email is not None):
        raise InputNotValid("channel does not match the identifier")
    await house_of(request).codes.request(
        request.auth.organization_id, email=who.email, phone=who.phone, address=_address(request)
    )
    message = "If the account exists, a verification code has been sent"
    return answer(Told(200, success=True, message=message))


@post(
    "/verify-otp",
    status_code=200,
    responses=refusals(NOT_VALID, WRONG_CODE, NO_ORGANIZATION, TOO_LARGE, TOO_MANY),
    summary="Sign in with a code",
    response_description="Signed in",
)
async def verify_otp(request: KeyRequest, data: JSONBody[VerifyOtp]) -> Response[TokensAnswer]:
    """Exchange a verification code for tokens."""
    who = _identifier(data.email, data.phone_number)
    if not _CODE.fullmatch(data.code):
        raise InputNotValid("code must be six digits")
    tokens = await house_of(request).codes.verify(
        request.auth.organization_id,
        email=who.email,
        phone=who.phone,
        code=data.code,
        address=_address(request),
    )
    return _tokens(tokens)


@post(
    "/refresh-token",
    status_code=200,
    responses=refusals(NOT_VALID, REFRESH_INVALID, REFRESH_REUSED, NO_ORGANIZATION, TOO_LARGE),
    summary="Refresh",
    response_description="New tokens",
)
async def refresh_token(request: KeyRequest, data: JSONBody[Refresh]) -> Response[TokensAnswer]:
    """Exchange a refresh token for new tokens; each works once."""
    tokens = await house_of(request).sign_in.refresh(
        data.refresh_token,
        Audience.PATIENT_PORTAL,
        organization_id=request.auth.organization_id,
    )
    return _tokens(tokens)


@post(
    "/logout",
    status_code=200,
    responses=refusals(NOT_VALID, NO_ORGANIZATION, TOO_LARGE),
    summary="Sign out",
    response_description="Signed out, if it was signed in",
)
async def logout(request: KeyRequest, data: JSONBody[Refresh]) -> Response[Success]:
    """End the sign-in that a refresh token belongs to."""
    opaque = read_opaque(data.refresh_token, Form.REFRESH_TOKEN)
    if opaque is not None and opaque.organization_id == request.auth.organization_id:
        house = house_of(request)
        await sign_out(
            house.sign_in,
            house.gate,
            refresh_token=data.refresh_token,
            audience=Audience.PATIENT_PORTAL,
        )
    return answer(Success(200, success=True))


router = Router(
    "/api/v1/users/auth",
    route_handlers=[send_otp, verify_otp, refresh_token, logout],
    guards=[require_key],
    security=[KEY],
    tags=["Authentication"],
    request_max_body_size=_LARGEST_BODY,
)


def _identifier(email: str | None, phone: str | None) -> _Identifier:
    """Exactly one of the two, in its usual form. Raises InputNotValid."""
    if (email is None) == (phone is None):
        raise InputNotValid("exactly one of email and phoneNumber is needed")
    if phone is not None and not _PHONE.fullmatch(phone):
        raise InputNotValid("phoneNumber must be in E.164 form")
    return _Identifier(None if email is None else clean_email(email), phone)


def _address(request: KeyRequest) -> str:
    """Where the request came from; attempts are counted by it."""
    return request.client.host if request.client else ""


def _tokens(tokens: Tokens) -> Response[TokensAnswer]:
    pair = TokenPair(tokens.access_token, tokens.refresh_token, tokens.expires_in)
    return answer(TokensAnswer(200, success=True, data=pair))
