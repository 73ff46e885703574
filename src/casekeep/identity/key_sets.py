"""Fetches the public keys of an OpenID Connect issuer: a JSON Web Key Set (RFC 7517), found by the
issuer's discovery document unless its address is known. What comes is bounded and looked at key by
key; what cannot verify a signature is left out.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, cast

import httpx
import msgspec
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from casekeep.identity.model import TrustedIssuer

LARGEST = 256 * 1024
_SECONDS = 5.0
_LIVES = timedelta(minutes=10)
_LIVES_AT_LEAST, _LIVES_AT_MOST = timedelta(minutes=1), timedelta(hours=1)
_RSA_BITS = range(2048, 16384 + 1)
_SHORTEST_MODULUS = 342  # digits of base64 that 2048 bits take
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})\"?(?:$|[\s,])", re.IGNORECASE)
_OK = 200


class KeysNotFetched(Exception):
    """The keys of an issuer could not be had; the text says why, for an operator."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """Public keys of an issuer, and for how long they may be used unasked."""

    keys: tuple[Key, ...]
    lives: timedelta


class KeySource:
    """Asks issuers for their keys; follows no redirect and takes no proxy from the environment."""

    def __init__(self) -> None:
        # Its line at INFO would come with every fetch, and quote the address.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    async def fetch(self, issuer: TrustedIssuer) -> KeySet:
        """The issuer's keys, now. Takes seconds at most. Raises KeysNotFetched."""
        try:
            async with asyncio.timeout(_SECONDS):
                url = issuer.jwks_url or await self._discover(issuer)
                answer, body = await self._get(url, issuer)
        except KeysNotFetched:
            raise
        except Exception as error:  # noqa: BLE001 - its documents name any address, and what the libraries make of one differs
            raise KeysNotFetched(f"it cannot be reached ({type(error).__name__})") from None
        keys = tuple(_usable(_object(body).get("keys")))
        if not keys:
            raise KeysNotFetched("its key set holds no key that can verify a signature")
        return KeySet(keys, _lives(answer.headers.get("cache-control", "")))

    async def close(self) -> None:
        """Close the connections."""
        if "_client" in vars(self):
            await self._client.aclose()

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=_SECONDS,
            verify=ssl.create_default_context(),
            trust_env=False,  # only the settings read the environment
            follow_redirects=False,
        )

    async def _discover(self, issuer: TrustedIssuer) -> str:
        """Where the keys are (OpenID Connect Discovery 1.0, sections 4.1 and 4.3)."""
        url = issuer.issuer.rstrip("/") + "/.well-known/openid-configuration"
        _, body = await self._get(url, issuer)
        document = _object(body)
        if document.get("issuer") != issuer.issuer:
            raise KeysNotFetched("its discovery document names another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str):
            raise KeysNotFetched("its discovery document names no jwks_uri")
        return address

    async def _get(self, url: str, issuer: TrustedIssuer) -> tuple[httpx.Response, bytes]:
        if httpx.URL(url).scheme not in ({"https", "http"} if issuer.allows_http else {"https"}):
            raise KeysNotFetched("its keys are not at an https address")
        async with self._client.stream("GET", url) as answer:
            if answer.status_code != _OK:
                raise KeysNotFetched(f"it answered {answer.status_code}")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise KeysNotFetched("it answered in an encoding that was not asked for")
            body = bytearray()
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > LARGEST:
                    raise KeysNotFetched(f"it answered more than {LARGEST} bytes")
            return answer, bytes(body)


async def check_keys(issuer: TrustedIssuer) -> None:
    """Raises KeysNotFetched when the issuer's keys cannot be had now."""
    source = KeySource()
    try:
        await source.fetch(issuer)
    finally:
        await source.close()


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise KeysNotFetched("it answered something that is no JSON object") from None


def _usable(listed: object) -> Iterator[Key]:
    """The keys of a set that can verify signatures; others are nothing to us (RFC 7517, 5)."""
    for each in cast("list[object]", listed if isinstance(listed, list) else []):
        if isinstance(each, dict):
            key = _public_key(cast("dict[str, Any]", each))
            if key is not None:
                yield key


def _public_key(given: dict[str, Any]) -> Key | None:
    """A key as it is; None for a symmetric one, a weak one, one for other ends, or one whose
    private half was published with it.
    """
    try:
        operations = given.get("key_ops", ["verify"])
        is_for_signatures = given.get("use", "sig") == "sig" and "verify" in operations
        if "d" in given or not is_for_signatures or _is_short(given):
            return None
        key = import_key(given)
        is_strong = not isinstance(key, RSAKey) or key.raw_value.key_size in _RSA_BITS
    except Exception:  # noqa: BLE001 - what the library makes of nonsense differs; it is no key
        return None
    return key if is_strong and isinstance(key, RSAKey | ECKey | OKPKey) else None


def _is_short(given: dict[str, Any]) -> bool:
    """Whether it is an RSA key too short to look at, of which the library would warn."""
    return given["kty"] == "RSA" and len(given["n"]) < _SHORTEST_MODULUS


def _lives(cache_control: str) -> timedelta:
    """How long the issuer says that the answer may be kept, within bounds."""
    found = _MAX_AGE.search(cache_control)
    wished = timedelta(seconds=int(found[1])) if found else _LIVES
    return min(max(wished, _LIVES_AT_LEAST), _LIVES_AT_MOST)
