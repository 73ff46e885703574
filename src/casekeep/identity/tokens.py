"""Makes and reads access tokens: JWT (RFC 7519) signed with HS256 and nothing else. What a token
proves is only who asked and since when; whether the sign-in still lives is the gate's question.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from casekeep.identity.model import Audience, User
from casekeep.kernel.clock import SKEW, Clock, utc_now
from casekeep.kernel.errors import TokenNotValid
from casekeep.kernel.ids import OrganizationId, SignInId, UserId

LIVES = {
    Audience.PATIENT_PORTAL: timedelta(minutes=15),
    Audience.CLINICIAN: timedelta(hours=1),
}
_ALGORITHM = "HS256"
_LONGEST = 4096
_SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid access token says."""

    organization_id: OrganizationId
    user_id: UserId
    sign_in_id: SignInId
    expires_at: datetime


class AccessTokens:
    """Issues and reads access tokens; those of one contract are nothing to the other."""

    def __init__(self, secret: bytes, clock: Clock = utc_now) -> None:
        """`secret`: at least 32 bytes, the same in every process."""
        if len(secret) < _SHORTEST_SECRET:
            raise ValueError("the secret of access tokens must have at least 32 bytes")
        self._secret = secret
        self._key = OctKey.import_key(secret)
        self._clock = clock

    def issue(self, user: User, sign_in_id: SignInId, audience: Audience) -> tuple[str, datetime]:
        """A token for `user`, and when it expires (15 minutes portal, one hour clinician)."""
        now = self._clock().replace(microsecond=0)
        expires_at = now + LIVES[audience]
        claims = {
            **_who(user, audience),
            "type": audience.value,
            "session_id": str(sign_in_id),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key), expires_at

    def read(self, token: str, audience: Audience) -> Claims:
        """What `token` says. Raises TokenNotValid for every way of being worth nothing."""
        try:
            claims = self._verified(token)
            read = _claims(claims, audience)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
            raise TokenNotValid from None
        left = read.expires_at - self._clock()
        if not timedelta() < left <= LIVES[audience] + SKEW:  # a clock that ran ahead issued it
            raise TokenNotValid
        return read

    def key_for(self, purpose: str) -> bytes:
        """A key of 32 bytes for another purpose, which tells nothing about the secret."""
        return hmac.digest(self._secret, purpose.encode("utf-8"), "sha256")

    def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > _LONGEST:
            raise ValueError
        return jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims


def _who(user: User, audience: Audience) -> dict[str, object]:
    """The claims that each contract publishes."""
    if audience is Audience.PATIENT_PORTAL:
        return {
            "userId": str(user.id),
            "organizationId": str(user.organization_id),
            "role": user.role.value,
        }
    return {
        "aud": "authenticated",
        "sub": str(user.id),
        "email": user.email,
        "role": "authenticated",
        "app_metadata": {
            "organization_id": str(user.organization_id),
            "role": user.role.value,
        },
    }


def _claims(claims: dict[str, Any], audience: Audience) -> Claims:
    if claims["type"] != audience.value:
        raise ValueError
    if audience is Audience.PATIENT_PORTAL:
        user_id, organization_id = claims["userId"], claims["organizationId"]
    else:
        if claims["aud"] != "authenticated":
            raise ValueError
        user_id, organization_id = claims["sub"], claims["app_metadata"]["organization_id"]
    return Claims(
        OrganizationId(_uuid(organization_id)),
        UserId(_uuid(user_id)),
        SignInId(_uuid(claims["session_id"])),
        datetime.fromtimestamp(_whole(claims["exp"]), UTC),
    )


def _uuid(value: object) -> UUID:
    if not isinstance(value, str):
        raise TypeError
    return UUID(value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value
