"""Signed links: a patient, or a partner's software, may fetch one file for 15 minutes without a
header. A link proves who it was made for and nothing more; whoever honours one decides about the
file again.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from casekeep.identity.model import Partner, Patient
from casekeep.kernel.clock import SKEW, Clock, utc_now
from casekeep.kernel.errors import TokenNotValid
from casekeep.kernel.ids import ApiKeyId, FileId, OrganizationId, UserId

LIFE = 900
"""Seconds that a link lives (portal contract, `expiresIn`)."""

_ALGORITHM = "HS256"
_TYPE = "download"


Holder = Patient | Partner
"""Who may hold a link."""


class Link(NamedTuple):
    """What a genuine link says. `is_live`: its time is not over."""

    actor: Holder
    file_id: FileId
    is_live: bool


class Links:
    """Signs and reads the tokens in such links (RFC 7519, algorithm pinned)."""

    def __init__(self, secret: bytes, clock: Clock = utc_now) -> None:
        """`secret`: at least 32 random bytes, used for nothing else."""
        self._key = OctKey.import_key(secret)
        self._clock = clock

    def sign(self, actor: Holder, file_id: FileId) -> str:
        """A token for one file and one holder; whoever asks for it decides whether they get it."""
        holder = ("sub", actor.user_id) if isinstance(actor, Patient) else ("key", actor.api_key_id)
        claims = {
            "type": _TYPE,
            holder[0]: str(holder[1]),
            "org": str(actor.organization_id),
            "file": str(file_id),
            "exp": int(self._clock().timestamp()) + LIFE,
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def read(self, token: str) -> Link:
        """Whom and which file a token is for, also when its time is over. Raises TokenNotValid for
        whatever was not signed here.
        """
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            if claims["type"] != _TYPE:
                raise TokenNotValid
            left = claims["exp"] - self._clock().timestamp()
            is_live = 0 < left <= LIFE + SKEW.total_seconds()  # not of a clock that ran ahead
            return Link(_holder(claims), FileId(UUID(claims["file"])), is_live)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise TokenNotValid from None


def _holder(claims: Mapping[str, Any]) -> Holder:
    organization_id = OrganizationId(UUID(claims["org"]))
    if "key" in claims:
        return Partner(organization_id, ApiKeyId(UUID(claims["key"])))
    return Patient(organization_id, UserId(UUID(claims["sub"])))
