"""Reads access tokens that others issued: JWT signed by an issuer's key with an asymmetric
algorithm of a fixed list. What a token says before its signature is checked chooses the issuer to
ask, and nothing else.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import Key
from joserfc.jws import (
    CompactSignature,
    JWSRegistry,
    extract_compact,
    validate_compact,
)

from casekeep.identity.model import TrustedIssuer
from casekeep.kernel.errors import TokenNotValid

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
LEEWAY = timedelta(seconds=60)
"""How far apart the issuer's clock and ours may be."""
_LONGEST = 16_384
_LONGEST_SUBJECT = 255
_MOST_AUDIENCES = 20
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_UNREADABLE = (
    *(JoseError, ValueError, TypeError, KeyError),
    *(RecursionError, OverflowError, OSError),  # numbers that are no time
)


class _Algorithms(JWSRegistry):
    """Those of the list, of which EdDSA has an old name (RFC 9864) that issuers still write."""

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - a class that the library keeps to itself
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_REGISTRY = _Algorithms(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Unproven:
    """What a token says of itself."""

    signed: CompactSignature
    algorithm: str
    key_id: str | None
    issuer: str
    audiences: list[str]
    claims: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExternalClaims:
    """What a token proves. `email_is_verified` None: it does not say."""

    subject: str
    email: str | None
    email_is_verified: bool | None
    expires_at: datetime


def read_unproven(token: str) -> Unproven:
    """Take a token apart. Raises TokenNotValid when it cannot be one of an issuer's."""
    try:
        if len(token) > _LONGEST:
            raise ValueError
        signed = extract_compact(token.encode("ascii"), None, _REGISTRY)
        header, claims = signed.headers(), msgspec.json.decode(signed.payload, type=dict[str, Any])
        key_id = header.get("kid")
        unproven = Unproven(
            signed,
            _text(header["alg"]),
            None if key_id is None else _text(key_id),
            _text(claims["iss"]),
            _texts(claims["aud"]),
            claims,
        )
        _check_header(header, unproven)
    except _UNREADABLE:
        raise TokenNotValid from None
    return unproven


def prove(unproven: Unproven, issuer: TrustedIssuer, key: Key, now: datetime) -> ExternalClaims:
    """What a token of `issuer` proves at `now`, if `key` signed it. Raises TokenNotValid for every
    way of being worth nothing (RFC 9068, section 4; RFC 8725).
    """
    try:
        if not validate_compact(unproven.signed, key, ALGORITHMS, _REGISTRY):
            raise ValueError
        claims = unproven.claims
        if unproven.issuer != issuer.issuer or issuer.audience not in unproven.audiences:
            raise ValueError
        _check_confirmation(claims)
        expires_at = _moment(claims["exp"])
        starts = [_moment(claims[name]) for name in ("nbf", "iat") if name in claims]
        if now >= expires_at + LEEWAY or any(now + LEEWAY < each for each in starts):
            raise ValueError
        return _proven(claims, expires_at)
    except _UNREADABLE:
        raise TokenNotValid from None


def _proven(claims: dict[str, Any], expires_at: datetime) -> ExternalClaims:
    subject, email, is_verified = (claims.get(each) for each in ("sub", "email", "email_verified"))
    if not 1 <= len(_text(subject)) <= _LONGEST_SUBJECT:
        raise ValueError
    return ExternalClaims(
        _text(subject),
        email if isinstance(email, str) else None,
        None if is_verified is None else is_verified is True,
        expires_at,
    )


def _check_header(header: dict[str, Any], unproven: Unproven) -> None:
    """`crit` names what must be understood, and nothing of it is (RFC 7515, section 4.1.11)."""
    is_of_type = str(header.get("typ", "")).lower() in _TYPES
    if not is_of_type or unproven.algorithm not in ALGORITHMS or "crit" in header:
        raise ValueError


def _check_confirmation(claims: dict[str, Any]) -> None:
    """A token that is bound to its holder's key (RFC 7800) proves nothing by itself."""
    if "cnf" in claims:
        raise ValueError


def _moment(value: object) -> datetime:
    """Seconds since 1970, as RFC 7519 has them in section 2."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError
    return datetime.fromtimestamp(value, UTC)


def _text(value: object) -> str:
    """A text that a database can be asked for. Raises UnicodeEncodeError for half a character."""
    if not isinstance(value, str) or b"\0" in value.encode():
        raise TypeError
    return value


def _texts(value: object) -> list[str]:
    """One text, or a list of some (RFC 7519, section 4.1.3)."""
    texts = cast("list[object]", value if isinstance(value, list) else [value])
    if len(texts) > _MOST_AUDIENCES:
        raise ValueError
    return [_text(each) for each in texts]
