"""What a token of an issuer must say, claim by claim, with a key of the tests' own."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from casekeep.identity.external_tokens import ExternalClaims, prove, read_unproven
from casekeep.identity.model import TrustedIssuer
from casekeep.kernel.clock import utc_now
from casekeep.kernel.errors import TokenNotValid
from casekeep.kernel.ids import IssuerId, OrganizationId, new_id

KEY = ECKey.generate_key("P-256")
NOW = utc_now().replace(microsecond=0)
SECONDS = NOW.timestamp()
ISSUER = TrustedIssuer(
    IssuerId(new_id()), OrganizationId(new_id()), "https://login.example", "files", None,
    allows_http=False, assumes_verified_email=False, created_at=NOW, removed_at=None,
)  # fmt: skip
GENUINE: dict[str, Any] = {
    "iss": "https://login.example",
    "aud": "files",
    "sub": "a subject",
    "exp": SECONDS + 300,
}
SIGNING = ["ES256", "ES384", "RS256", "Ed25519"]
LENIENT = jws.JWSRegistry(algorithms=SIGNING, strict_check_header=False)


def signed(claims: object, key: Key = KEY, **header: Any) -> str:
    said = {"alg": "ES256", "typ": "at+jwt", **header}
    given = {name: value for name, value in said.items() if value is not None}
    return jws.serialize_compact(given, json.dumps(claims).encode(), key, registry=LENIENT)


def proven(token: str, key: Key = KEY) -> ExternalClaims:
    return prove(read_unproven(token), ISSUER, key, NOW)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"aud": ["others", "files"]},
        {"exp": SECONDS - 59},
        {"exp": SECONDS + 0.5},
        {"nbf": SECONDS + 59, "iat": SECONDS + 59},
        {"x": {"y": [1, None, "z"]}},
    ],
)
def test_what_a_token_may_say(more: dict[str, Any]) -> None:
    assert proven(signed({**GENUINE, **more})).subject == "a subject"


@pytest.mark.parametrize(
    "more",
    [
        {"iss": "https://login.example/"},
        {"iss": ["https://login.example"]},
        {"iss": "half a character \ud800"},
        {"aud": "other"},
        {"aud": "files "},
        {"aud": []},
        {"aud": {"files": 1}},
        {"aud": ["files", 5]},
        {"aud": ["files"] * 21},
        {"aud": "files\0"},
        {"exp": SECONDS - 60},
        {"exp": str(SECONDS + 300)},
        {"exp": True},
        {"exp": 1e300},
        {"exp": -1e18},
        {"exp": None},
        {"nbf": SECONDS + 61},
        {"iat": SECONDS + 61},
        {"iat": "now"},
        {"sub": ""},
        {"sub": 5},
        {"sub": None},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
        {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
    ],
)
def test_what_it_may_not_say(more: dict[str, Any]) -> None:
    with pytest.raises(TokenNotValid):
        proven(signed({**GENUINE, **more}))


@pytest.mark.parametrize("missing", list(GENUINE))
def test_what_it_must_say(missing: str) -> None:
    with pytest.raises(TokenNotValid):
        proven(signed({name: value for name, value in GENUINE.items() if name != missing}))


@pytest.mark.parametrize("claims", [None, [], "text", 5])
def test_claims_are_an_object(claims: object) -> None:
    with pytest.raises(TokenNotValid):
        proven(signed(claims))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_types_of_tokens_that_are_taken(typ: str) -> None:
    assert proven(signed(GENUINE, typ=typ))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": None},
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"crit": ["exp"], "exp": 5},
        {"crit": ["b64"], "b64": True},
    ],
)
def test_headers_that_are_refused(header: dict[str, Any]) -> None:
    with pytest.raises(TokenNotValid):
        proven(_with_header(header))


def _with_header(header: dict[str, Any]) -> str:
    """Signed by hand: the library would not sign some of them."""
    said = {"alg": "ES256", "typ": "at+jwt", **header}
    given = {name: value for name, value in said.items() if value is not None}
    signing = b".".join(_encoded(json.dumps(each).encode()) for each in (given, GENUINE))
    signature = LENIENT.algorithms["ES256"].sign(signing, KEY)
    return b".".join([signing, _encoded(signature)]).decode()


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def test_a_header_signed_by_hand_is_as_good() -> None:
    """Without which the test above would prove nothing."""
    assert proven(_with_header({}))


@pytest.mark.parametrize(
    ("algorithm", "signing", "checking"),
    [
        ("ES256", KEY, ECKey.generate_key("P-384")),
        ("ES256", KEY, RSAKey.generate_key(2048)),
        ("ES384", ECKey.generate_key("P-384"), KEY),
        ("RS256", RSAKey.generate_key(2048), KEY),
        ("RS256", RSAKey.generate_key(2048), OKPKey.generate_key("Ed25519")),
        ("Ed25519", OKPKey.generate_key("Ed25519"), OKPKey.generate_key("X25519")),
    ],
)
def test_a_key_of_another_kind_verifies_nothing(
    algorithm: str, signing: Key, checking: Key
) -> None:
    token = signed(GENUINE, signing, alg=algorithm)
    assert proven(token, signing)
    with pytest.raises(TokenNotValid):
        proven(token, checking)


@pytest.mark.parametrize(
    ("said", "read"), [(True, True), (False, False), ("true", False), (1, False), (None, None)]
)
def test_only_true_is_verified(said: object, read: bool | None) -> None:
    claims = proven(signed({**GENUINE, "email": "dana@example.org", "email_verified": said}))
    assert (claims.email, claims.email_is_verified) == ("dana@example.org", read)
    assert claims.expires_at == NOW + timedelta(seconds=300)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "...", "e30.e30.e30", "x" * 20_000])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(TokenNotValid):
        read_unproven(token)
