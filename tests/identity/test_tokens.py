import base64
import json
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from casekeep.identity.model import Audience, Role, User
from casekeep.identity.tokens import AccessTokens
from casekeep.kernel.clock import utc_now
from casekeep.kernel.errors import TokenNotValid
from casekeep.kernel.ids import OrganizationId, SignInId, UserId, new_id
from tests.identity.conftest import SECRET, TurnableClock

USER = User(
    UserId(new_id()), OrganizationId(new_id()), Role.PATIENT, "p@example.org", None, None, None,
    utc_now(),
)  # fmt: skip
SIGN_IN = SignInId(new_id())


def payload(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def forged(header: dict[str, object], claims: dict[str, object], signature: str = "") -> str:
    parts = [json.dumps(each).encode() for each in (header, claims)]
    return ".".join(
        [base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts] + [signature]
    )


@pytest.mark.parametrize("audience", Audience)
def test_a_token_says_who_and_until_when(audience: Audience) -> None:
    tokens = AccessTokens(SECRET)
    token, expires_at = tokens.issue(USER, SIGN_IN, audience)
    claims = tokens.read(token, audience)
    assert (claims.organization_id, claims.user_id) == (USER.organization_id, USER.id)
    assert (claims.sign_in_id, claims.expires_at) == (SIGN_IN, expires_at)


def test_the_portals_claims_are_the_published_ones() -> None:
    tokens = AccessTokens(SECRET)
    claims = payload(tokens.issue(USER, SIGN_IN, Audience.PATIENT_PORTAL)[0])
    assert set(claims) == {
        "type", "userId", "organizationId", "role", "session_id", "iat", "exp"
    }  # fmt: skip
    assert claims["type"] == "patient-portal"
    assert claims["role"] == "patient"
    assert claims["exp"] - claims["iat"] == 900


def test_the_clinicians_claims_are_those_of_the_published_clients() -> None:
    tokens = AccessTokens(SECRET)
    claims = payload(tokens.issue(USER, SIGN_IN, Audience.CLINICIAN)[0])
    assert claims["aud"] == claims["role"] == "authenticated"
    assert claims["sub"] == str(USER.id)
    assert claims["app_metadata"] == {
        "organization_id": str(USER.organization_id),
        "role": "patient",
    }
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize("audience", Audience)
def test_it_expires(audience: Audience) -> None:
    clock = TurnableClock()
    tokens = AccessTokens(SECRET, clock)
    token, expires_at = tokens.issue(USER, SIGN_IN, audience)
    clock.ahead = expires_at - utc_now() - timedelta(seconds=2)
    tokens.read(token, audience)
    clock.turn(seconds=2)
    with pytest.raises(TokenNotValid):
        tokens.read(token, audience)


def test_a_token_of_one_contract_is_nothing_to_the_other() -> None:
    tokens = AccessTokens(SECRET)
    for made, read in (tuple(Audience), tuple(reversed(Audience))):
        with pytest.raises(TokenNotValid):
            tokens.read(tokens.issue(USER, SIGN_IN, made)[0], read)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256", "HS384"])
def test_no_other_algorithm_is_believed(algorithm: str) -> None:
    tokens = AccessTokens(SECRET)
    token = tokens.issue(USER, SIGN_IN, Audience.PATIENT_PORTAL)[0]
    for signature in ("", token.split(".")[2]):
        fake = forged({"alg": algorithm, "typ": "JWT"}, payload(token), signature)
        with pytest.raises(TokenNotValid):
            tokens.read(fake, Audience.PATIENT_PORTAL)


def test_an_hs512_signature_with_our_own_secret_is_not_believed() -> None:
    tokens = AccessTokens(SECRET)
    claims = payload(tokens.issue(USER, SIGN_IN, Audience.PATIENT_PORTAL)[0])
    key = OctKey.import_key(SECRET)
    token = jwt.encode({"alg": "HS512"}, claims, key, algorithms=["HS512"])
    with pytest.raises(TokenNotValid):
        tokens.read(token, Audience.PATIENT_PORTAL)


def test_another_secret_signs_nothing() -> None:
    token = AccessTokens(SECRET + b"!").issue(USER, SIGN_IN, Audience.CLINICIAN)[0]
    with pytest.raises(TokenNotValid):
        AccessTokens(SECRET).read(token, Audience.CLINICIAN)


def test_a_changed_claim_breaks_the_signature() -> None:
    tokens = AccessTokens(SECRET)
    token = tokens.issue(USER, SIGN_IN, Audience.PATIENT_PORTAL)[0]
    claims = payload(token) | {"organizationId": str(new_id())}
    fake = forged({"alg": "HS256", "typ": "JWT"}, claims, token.split(".")[2])
    with pytest.raises(TokenNotValid):
        tokens.read(fake, Audience.PATIENT_PORTAL)


@pytest.mark.parametrize(
    "change",
    [{"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": 10**30}, {"exp": 1e999},
     {"userId": 7}, {"userId": "me"}, {"session_id": None}, {"type": "download"}, {"type": None},
     {"organizationId": [str(UUID(int=1))]}],
)  # fmt: skip
def test_well_signed_nonsense_is_refused(change: dict[str, object]) -> None:
    tokens = AccessTokens(SECRET)
    claims = payload(tokens.issue(USER, SIGN_IN, Audience.PATIENT_PORTAL)[0]) | change
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    with pytest.raises(TokenNotValid):
        tokens.read(token, Audience.PATIENT_PORTAL)


@given(st.text(max_size=200))
def test_no_text_is_too_strange_to_be_refused(text: str) -> None:
    tokens = AccessTokens(SECRET)
    for each in (text, f"{text}.{text}.{text}", f"e30.{text}.e30"):
        with pytest.raises(TokenNotValid):
            tokens.read(each, Audience.PATIENT_PORTAL)


def test_a_deep_or_endless_header_is_refused() -> None:
    tokens = AccessTokens(SECRET)
    deep = base64.urlsafe_b64encode(b"[" * 2000).rstrip(b"=").decode()
    for token in (f"{deep}.e30.e30", "e30." + "A" * 1_000_000 + ".e30", "\ud800.e30.e30"):
        with pytest.raises(TokenNotValid):
            tokens.read(token, Audience.PATIENT_PORTAL)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AccessTokens(b"short")


def test_keys_for_other_purposes_differ_from_each_other_and_from_the_secret() -> None:
    tokens = AccessTokens(SECRET)
    keys = {tokens.key_for("one"), tokens.key_for("another"), SECRET}
    assert len(keys) == 3
    assert AccessTokens(SECRET).key_for("one") in keys


@pytest.mark.parametrize("audience", Audience)
def test_it_does_not_live_longer_when_a_clock_that_ran_ahead_issued_it(audience: Audience) -> None:
    clock = TurnableClock()
    tokens = AccessTokens(SECRET, clock)
    clock.turn(hours=1)
    token, _ = tokens.issue(USER, SIGN_IN, audience)
    tokens.read(token, audience)
    clock.turn(hours=-1)
    with pytest.raises(TokenNotValid):
        tokens.read(token, audience)
    tokens.read(tokens.issue(USER, SIGN_IN, audience)[0], audience)
