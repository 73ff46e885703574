"""What an issuer's keys are fetched from, and which of them count."""

import gzip
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from casekeep.identity.key_sets import LARGEST, KeysNotFetched, KeySource, _lives, _usable
from casekeep.identity.model import TrustedIssuer
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import IssuerId, OrganizationId, new_id
from tests.http.asgi import serving

GOOD = ECKey.generate_key("P-256", {"kid": "good"}).as_dict(private=False)


def public(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def test_keys_that_can_verify_are_taken() -> None:
    keys = [
        public(RSAKey.generate_key(2048)),
        public(ECKey.generate_key("P-521"), use="sig"),
        public(OKPKey.generate_key("Ed25519"), key_ops=["verify"]),
    ]
    assert [key.key_type for key in _usable(keys)] == ["RSA", "EC", "OKP"]


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_other_keys_are_left_out() -> None:
    whole, weak = RSAKey.generate_key(2048), RSAKey.generate_key(1024)
    listed: list[object] = [
        whole.as_dict(private=True),
        OctKey.generate_key(256).as_dict(),
        public(weak),
        {**public(weak), "n": public(weak)["n"].rjust(400, "A")},
        public(whole, use="enc"),
        public(whole, key_ops=["encrypt"]),
        public(whole, key_ops=5),
        {**public(whole), "n": 5},
        {**public(whole), "e": "AA"},
        {"kty": "RSA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "unknown", "x": "AA"},
        {"kty": ["RSA"]},
        {},
        None,
        "a key",
    ]
    assert list(_usable(listed)) == []
    assert list(_usable({"keys": []})) == []
    assert len(list(_usable([*listed, GOOD]))) == 1


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 600),
        ("no-store", 600),
        ("public, max-age=900", 900),
        ("max-age=5", 60),
        ("MAX-AGE=86400, must-revalidate", 3600),
        ("s-maxage=30", 600),
    ],
)
def test_how_long_keys_may_be_kept(said: str, seconds: int) -> None:
    assert _lives(said) == timedelta(seconds=seconds)


@asynccontextmanager
async def answering(
    body: bytes, *, status: int = 200, **headers: str
) -> AsyncGenerator[TrustedIssuer]:
    """An issuer that gives one answer whatever is asked."""

    async def app(scope: Any, _: Any, send: Any) -> None:
        fields = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    async with serving(app) as (host, port):
        url = f"http://{host}:{port}"
        yield TrustedIssuer(
            IssuerId(new_id()), OrganizationId(new_id()), url, "files", f"{url}/keys",
            allows_http=True, assumes_verified_email=False, created_at=utc_now(), removed_at=None,
        )  # fmt: skip


async def fetched(issuer: TrustedIssuer) -> Any:
    source = KeySource()
    try:
        return await source.fetch(issuer)
    finally:
        await source.close()


async def test_a_key_set_is_read_with_how_long_it_may_be_kept() -> None:
    body = json.dumps({"keys": [GOOD]}).encode()
    async with answering(body, cache_control="max-age=120") as issuer:
        found = await fetched(issuer)
    assert [key.kid for key in found.keys] == ["good"]
    assert found.lives == timedelta(minutes=2)


WHOLE = json.dumps({"keys": [GOOD]}).encode()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"body": WHOLE, "status": 404}, "it answered 404"),
        ({"body": b"", "status": 302, "location": "/elsewhere"}, "it answered 302"),
        ({"body": WHOLE + b" " * LARGEST}, "more than"),
        ({"body": gzip.compress(WHOLE), "content_encoding": "gzip"}, "not asked for"),
        ({"body": b"[" * 100_000}, "no JSON object"),
        ({"body": b"\xff"}, "no JSON object"),
        ({"body": b"[]"}, "no JSON object"),
        ({"body": b"{}"}, "no key that can verify"),
        ({"body": b'{"keys": 5}'}, "no key that can verify"),
    ],
)
async def test_other_answers_are_told(answer: dict[str, Any], why: str) -> None:
    async with answering(**answer) as issuer:
        with pytest.raises(KeysNotFetched, match=why):
            await fetched(issuer)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"issuer": "https://another.example"}, "names another issuer"),
        ({}, "names another issuer"),
    ],
)
async def test_a_discovery_document_speaks_for_its_own_issuer(document: object, why: str) -> None:
    async with answering(json.dumps(document).encode()) as issuer:
        with pytest.raises(KeysNotFetched, match=why):
            await fetched(replace(issuer, jwks_url=None))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:99999/keys",
        "http://xn--/keys",
        "http://xn--a/keys",
        "http://a..b/keys",
        "http://[/keys",
        "http://\x00/keys",
        "http:///keys",
        "keys",
    ],
)
async def test_an_address_that_cannot_be_is_told_like_one_that_is_not_there(address: str) -> None:
    async def app(scope: Any, _: Any, send: Any) -> None:
        (host,) = (value.decode() for name, value in scope["headers"] if name == b"host")
        document = {"issuer": f"http://{host}", "jwks_uri": address}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    async with serving(app) as (host, port), answering(b"") as issuer:
        named = replace(issuer, issuer=f"http://{host}:{port}", jwks_url=None)
        with pytest.raises(KeysNotFetched, match=r"cannot be reached|not at an https address"):
            await fetched(named)
