"""Sign-in with the tokens of a trusted issuer: a real one, in a process of its own."""

import asyncio
import base64
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from casekeep.identity.accounts import disable_user
from casekeep.identity.gate import Gate
from casekeep.identity.issuers import drop_issuer, trust_issuer
from casekeep.identity.model import Clinician, Role, TrustedIssuer, User
from casekeep.kernel.errors import AlreadyTaken, TokenNotValid
from casekeep.kernel.ids import new_id
from tests.identity.conftest import Office, soon
from tests.identity.test_external_tokens import KEY, signed
from tests.identity.test_key_sets import answering
from tests.support.factories import make_organization
from tests.support.issuer import Issuer, running_issuer


def new_audience() -> str:
    """An audience that no other test has: a pair of issuer and audience is one organisation's."""
    return f"https://{new_id().hex}.example"


async def trust(office: Office, issuer: Issuer, **wishes: Any) -> TrustedIssuer:
    given = {"issuer": issuer.url, "audience": new_audience(), "allows_http": True} | wishes
    return await trust_issuer(
        office.db, office.audit, office.organization_id, clock=office.clock, **given
    )


def token_for(issuer: Issuer, user: User, trusted: TrustedIssuer, **wishes: Any) -> str:
    said = {"email": user.email, "email_verified": True, "audience": trusted.audience}
    return issuer.token(f"subject of {user.id}", **{**said, **wishes})


async def refused(gate: Gate, token: str) -> None:
    with pytest.raises(TokenNotValid):
        await gate.clinician(token)


def taken_apart(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]
    )
    return header, claims


def put_together(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    parts = (encoded(json.dumps(each).encode()) for each in (header, claims))
    return ".".join([*parts, signature])


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_a_token_of_a_trusted_issuer_is_accepted_as_it_is(
    office: Office, issuer: Issuer, algorithm: str
) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    token = token_for(issuer, user, trusted, algorithm=algorithm)
    signed_in = await gate.clinician(token)
    assert signed_in.actor == Clinician(office.organization_id, user.id)
    assert (signed_in.user, signed_in.sign_in_id) == (user, None)
    assert await gate.clinician(token) is signed_in
    assert (await office.audited())[-1] == ("signin.succeeded", "done")


async def test_an_administrator_is_let_in_and_a_patient_is_not(
    office: Office, issuer: Issuer
) -> None:
    gate, trusted = await office.gate(), await trust(office, issuer)
    administrator, patient = await office.user(Role.ADMIN), await office.patient()
    signed_in = await gate.clinician(token_for(issuer, administrator, trusted))
    assert signed_in.user == administrator
    await refused(gate, token_for(issuer, patient, trusted))
    with pytest.raises(TokenNotValid):
        await gate.patient(token_for(issuer, patient, trusted))


async def test_keys_at_a_known_address_need_no_discovery(office: Office, issuer: Issuer) -> None:
    gate, user = await office.gate(), await office.clinician()
    trusted = await trust(office, issuer, jwks_url=f"{issuer.url}/jwks")
    assert (await gate.clinician(token_for(issuer, user, trusted))).user == user
    elsewhere = await trust(office, issuer, jwks_url=f"{issuer.url}/nowhere")
    await refused(gate, token_for(issuer, user, elsewhere))


async def test_http_is_used_only_where_it_is_allowed(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    with pytest.raises(Exception, match="issuer must be an address that begins with https://"):
        await trust(office, issuer, allows_http=False)
    source = gate._external._keys._source
    with pytest.raises(Exception, match="not at an https address"):
        await source.fetch(replace(trusted, allows_http=False))
    assert (await gate.clinician(token_for(issuer, user, trusted))).user == user


async def test_a_token_counts_for_its_audience_only(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    await refused(gate, token_for(issuer, user, trusted, audience=new_audience()))
    with pytest.raises(AlreadyTaken):
        await trust(office, issuer, audience=trusted.audience)
    elsewhere = replace(office, organization_id=await make_organization(office.db))
    with pytest.raises(AlreadyTaken):
        await trust(elsewhere, issuer, audience=trusted.audience)


async def test_another_issuers_token_is_nothing(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    with running_issuer() as another:
        await refused(gate, token_for(another, user, trusted))


async def test_a_token_that_could_be_of_two_organisations_is_of_none(office: Office) -> None:
    gate, user = await office.gate(), await office.clinician()
    elsewhere = replace(office, organization_id=await make_organization(office.db))
    said = {"sub": "a subject", "email": user.email, "email_verified": True}
    async with answering(json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()) as published:
        where = {"issuer": published.issuer, "jwks_url": published.jwks_url, "allows_http": True}
        audiences = [new_audience() for _ in range(3)]
        for whose, audience in zip((office, office, elsewhere), audiences, strict=True):
            await trust_issuer(
                whose.db, whose.audit, whose.organization_id, audience=audience, **where
            )
        said |= {"iss": published.issuer, "exp": office.clock().timestamp() + 300}
        assert (await gate.clinician(signed({**said, "aud": audiences[:2]}))).user == user
        await refused(gate, signed({**said, "aud": audiences}))


async def test_accounts_of_other_organisations_are_nobodys(office: Office, issuer: Issuer) -> None:
    gate, trusted = await office.gate(), await trust(office, issuer)
    elsewhere = replace(office, organization_id=await make_organization(office.db))
    await refused(gate, token_for(issuer, await elsewhere.clinician(), trusted))


async def test_an_expired_token_is_refused_after_a_minute_of_grace(
    office: Office, issuer: Issuer
) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    tokens = [token_for(issuer, user, trusted, expires_in=200, number=n) for n in range(3)]
    assert (await gate.clinician(tokens[0])).user == user
    office.clock.turn(seconds=250)
    assert (await gate.clinician(tokens[1])).user == user
    office.clock.turn(seconds=15)
    for token in tokens:
        await refused(gate, token)


async def test_a_token_from_the_future_is_refused(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    token = token_for(issuer, user, trusted)
    office.clock.turn(minutes=-2)
    await refused(gate, token)
    office.clock.turn(seconds=90)
    assert (await gate.clinician(token)).user == user


async def test_what_was_proven_is_forgotten_after_a_minute(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    token = token_for(issuer, user, trusted)
    first = await gate.clinician(token)
    office.clock.turn(seconds=61)
    second = await gate.clinician(token)
    assert second is not first
    assert second == first


def forgeries(issuer: Issuer, genuine: str) -> Iterator[tuple[str, str]]:
    """Tokens that say what a genuine one says, and were not signed by the issuer."""
    header, claims = taken_apart(genuine)
    head, body, signature = genuine.split(".")
    public = RSAKey.import_key(
        next(key for key in issuer.published() if key["kid"] == header["kid"])
    )
    yield "no algorithm", put_together({**header, "alg": "none"}, claims)
    yield "no signature", put_together(header, claims)
    for known in (public.as_pem(private=False), json.dumps(public.as_dict()).encode()):
        for alg, hashed in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
            unsigned = put_together({**header, "alg": alg}, claims)
            digest = hmac.digest(known, unsigned.rstrip(".").encode(), hashed)
            yield f"{alg} with the public key", unsigned + encoded(digest)
    stranger, said = RSAKey.generate_key(2048), json.dumps(claims).encode()
    lenient = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    for title, given in (
        ("another's key", {}),
        ("a key of its own", {"jwk": stranger.as_dict(private=False), "kid": "mine"}),
        ("an unknown key", {"kid": "unknown"}),
    ):
        yield title, jws.serialize_compact({**header, **given}, said, stranger, registry=lenient)
    yield "a key that is no text", put_together({**header, "kid": 5}, claims, signature)
    yield "another algorithm", put_together({**header, "alg": "RS512"}, claims, signature)
    yield "other claims", put_together(header, {**claims, "sub": "x"}, signature)
    yield "no claims", f"{head}.{encoded(b'null')}.{signature}"
    yield "no body", f"{head}..{signature}"
    yield "too much", put_together(header, {**claims, "x": "y" * 20_000}, "x")
    yield "no ASCII", f"{head}.{body}.{signature}\u00e9"


async def test_forged_tokens_are_refused(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    genuine = token_for(issuer, user, trusted)
    accepted = []
    for title, token in forgeries(issuer, genuine):
        try:
            await gate.clinician(token)
        except TokenNotValid:
            continue
        accepted.append(title)
    assert accepted == []
    assert (await gate.clinician(genuine)).user == user


async def test_forged_keys_do_not_make_us_ask_the_issuer_again_and_again(
    office: Office, issuer: Issuer
) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    asked = count_fetches(gate)
    header, claims = taken_apart(token_for(issuer, user, trusted))
    for number in range(20):
        await refused(gate, put_together({**header, "kid": f"forged {number}"}, claims, "x"))
    assert len(asked) == 2
    office.clock.turn(seconds=31)
    forged = [put_together({**header, "kid": f"more {n}"}, claims, "x") for n in range(20)]
    await asyncio.gather(*(refused(gate, token) for token in forged))
    assert len(asked) == 3


def count_fetches(gate: Gate) -> list[TrustedIssuer]:
    """Every issuer that is asked from now on."""
    source, asked = gate._external._keys._source, []
    fetch = source.fetch

    async def counted(issuer: TrustedIssuer) -> Any:
        asked.append(issuer)
        return await fetch(issuer)

    source.fetch = counted  # type: ignore[method-assign] - the real one, counted
    return asked


async def test_parallel_first_tokens_ask_once_and_bind_once(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    asked = count_fetches(gate)
    tokens = [token_for(issuer, user, trusted, number=number) for number in range(8)]
    found = await asyncio.gather(*(gate.clinician(token) for token in tokens))
    assert {each.user.id for each in found} == {user.id}
    assert len(asked) == 1
    assert (await office.audited()).count(("signin.succeeded", "done")) == 1


async def test_the_subject_counts_and_its_address_no_more(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    await gate.clinician(token_for(issuer, user, trusted))
    other = await office.clinician()
    moved = token_for(issuer, user, trusted, email=other.email)
    assert (await gate.clinician(moved)).user == user
    unsaid = token_for(issuer, user, trusted, email=None, email_verified=False)
    assert (await gate.clinician(unsaid)).user == user


async def test_a_reassigned_address_hands_no_account_over(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    await gate.clinician(token_for(issuer, user, trusted))
    heir = issuer.token(
        "the heir", audience=trusted.audience, email=user.email, email_verified=True
    )
    await refused(gate, heir)
    await refused(gate, heir)
    assert (await office.audited())[-1] == ("signin.failed", "refused")
    assert (await office.audited()).count(("signin.failed", "refused")) == 1


@pytest.mark.parametrize("verified", [None, False, "true", 1])
async def test_an_address_must_be_verified(office: Office, issuer: Issuer, verified: Any) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    await refused(gate, token_for(issuer, user, trusted, email_verified=verified))
    assert (await office.audited())[-1] == ("signin.failed", "refused")


async def test_an_organisation_may_take_silence_for_verified_but_no_denial(
    office: Office, issuer: Issuer
) -> None:
    gate, user = await office.gate(), await office.clinician()
    trusted = await trust(office, issuer, assumes_verified_email=True)
    await refused(gate, token_for(issuer, user, trusted, email_verified=False))
    assert (
        await gate.clinician(token_for(issuer, user, trusted, email_verified=None))
    ).user == user


async def test_without_an_account_a_token_opens_nothing(office: Office, issuer: Issuer) -> None:
    gate, user, trusted = await office.gate(), await office.clinician(), await trust(office, issuer)
    for email in ("nobody@example.net", "", "no address", None, 5, "a\0@example.net"):
        await refused(gate, token_for(issuer, user, trusted, email=email))
    shouted = token_for(issuer, user, trusted, email=str(user.email).upper())
    assert (await gate.clinician(shouted)).user == user


async def test_a_letter_that_only_becomes_another_one_in_lower_case_is_another_address(
    office: Office, issuer: Issuer
) -> None:
    gate, trusted = await office.gate(), await trust(office, issuer)
    user = await office.clinician(email=f"kim.{new_id().hex}@example.org")
    likeness = f"\N{KELVIN SIGN}{str(user.email)[1:]}"
    assert likeness.lower() == user.email
    await refused(gate, token_for(issuer, user, trusted, email=likeness))
    assert (await gate.clinician(token_for(issuer, user, trusted))).user == user


async def test_a_closed_account_is_refused_at_once_everywhere(
    office: Office, issuer: Issuer
) -> None:
    here, there = await office.gate(), await office.gate()
    user, trusted = await office.clinician(), await trust(office, issuer)
    token = token_for(issuer, user, trusted)
    for gate in (here, there):
        await gate.clinician(token)
    await disable_user(office.db, office.audit, office.organization_id, user.id)
    for gate in (here, there):
        await soon(lambda gate=gate: gate.clinician(token), TokenNotValid)
    await refused(here, token_for(issuer, user, trusted))


async def test_a_dropped_issuer_is_refused_at_once_everywhere(
    office: Office, issuer: Issuer
) -> None:
    here, there = await office.gate(), await office.gate()
    user, trusted = await office.clinician(), await trust(office, issuer)
    token = token_for(issuer, user, trusted)
    for gate in (here, there):
        await gate.clinician(token)
    await drop_issuer(office.db, office.audit, office.organization_id, trusted.id)
    for gate in (here, there):
        await soon(lambda gate=gate: gate.clinician(token), TokenNotValid)
    assert (await office.audited())[-1] == ("issuer.dropped", "done")
    again = await trust(office, issuer, audience=trusted.audience)
    assert again.id != trusted.id
    assert (await here.clinician(token)).user == user


async def test_new_keys_are_found_and_old_ones_counted_out(office: Office) -> None:
    gate, user = await office.gate(), await office.clinician()
    with running_issuer() as issuer:
        trusted = await trust(office, issuer)
        old = [token_for(issuer, user, trusted, number=number) for number in range(2)]
        await gate.clinician(old[0])
        issuer.rotate()
        assert (await gate.clinician(token_for(issuer, user, trusted))).user == user
        await refused(gate, old[1])


async def test_the_last_keys_of_an_issuer_that_is_away_count_for_a_day(office: Office) -> None:
    gate, user = await office.gate(), await office.clinician()
    with running_issuer() as issuer:
        trusted = await trust(office, issuer)
        tokens = [
            token_for(issuer, user, trusted, expires_in=200_000, number=number)
            for number in range(4)
        ]
        await gate.clinician(tokens[0])
        issuer.stop()
        assert (await gate.clinician(tokens[1])).user == user
        office.clock.turn(hours=23)
        assert (await gate.clinician(tokens[2])).user == user
        office.clock.turn(hours=2)
        await refused(gate, tokens[3])
        fresh = await office.gate()
        await refused(fresh, tokens[3])


async def test_keys_do_not_count_for_longer_when_the_clock_is_set_back(office: Office) -> None:
    gate, user = await office.gate(), await office.clinician()
    with running_issuer() as issuer:
        trusted = await trust(office, issuer)
        office.clock.turn(days=1)
        await gate.clinician(token_for(issuer, user, trusted, expires_in=200_000, number=0))
        office.clock.turn(days=-1)
        old = token_for(issuer, user, trusted, number=1)
        issuer.rotate()
        await refused(gate, old)


async def test_the_tokens_of_ours_ask_no_issuer(office: Office, issuer: Issuer) -> None:
    gate, user = await office.gate(), await office.clinician()
    await trust(office, issuer)
    asked = count_fetches(gate)
    tokens = await office.sign_in.with_password(user.email or "", "a long enough password")
    assert (await gate.clinician(tokens.access_token)).sign_in_id == tokens.sign_in_id
    assert asked == []
