import asyncio
import time
from statistics import median

import pytest

from casekeep.identity.accounts import disable_user
from casekeep.identity.limits import Limit, Limits
from casekeep.identity.model import Audience, Role, Tokens
from casekeep.identity.signing_in import SignIn
from casekeep.kernel.errors import (
    RefreshNotValid,
    RefreshReplayed,
    SignInRefused,
    TokenNotValid,
    TooManyRequests,
)
from casekeep.kernel.ids import SignInId, new_id
from tests.identity.conftest import PASSWORD, Office, soon
from tests.support.factories import make_organization

PORTAL = Audience.PATIENT_PORTAL


async def test_the_right_password_signs_in(office: Office) -> None:
    user = await office.clinician()
    tokens = await office.sign_in.with_password(f" {(user.email or '').upper()} ", PASSWORD)
    assert tokens.user == user
    assert tokens.expires_in == 3600
    signed_in = await (await office.gate()).clinician(tokens.access_token)
    assert (signed_in.user, signed_in.sign_in_id) == (user, tokens.sign_in_id)
    assert ("signin.succeeded", "done") in await office.audited()


async def test_administrators_sign_in_too(office: Office) -> None:
    user = await office.user(Role.ADMIN, password=PASSWORD)
    assert (await office.sign_in.with_password(user.email or "", PASSWORD)).user == user


async def test_every_other_way_is_one_refusal(office: Office, nobody: str) -> None:
    user, patient = await office.clinician(), await office.patient()
    gone = await office.clinician()
    await disable_user(office.db, office.audit, office.organization_id, gone.id)
    tries = [(user.email, "wrong"), (user.email, ""), (patient.email, PASSWORD),
             (gone.email, PASSWORD), (nobody, PASSWORD), ("", ""), ("\x00\ud800", "\ud800"),
             ("x" * 10_000, "y" * 10_000)]  # fmt: skip
    texts: set[str] = set()
    for email, password in tries:
        with pytest.raises(SignInRefused) as refused:
            await office.sign_in.with_password(email or "", password)
        texts.add(str(refused.value))
    assert len(texts) == 1
    assert ("signin.failed", "refused") in await office.audited()


async def test_known_and_unknown_take_the_same_time(office: Office) -> None:
    limits = Limits(passwords_per_email=Limit(1000, 900))
    sign_in = SignIn(office.db, office.tokens, office.audit, office.clock, limits=limits)
    known = (await office.clinician()).email or ""

    async def cost(email: str) -> float:
        began = time.perf_counter()
        with pytest.raises(SignInRefused):
            await sign_in.with_password(email, "wrong password")
        return time.perf_counter() - began

    pairs = [(await cost(known), await cost(f"{new_id().hex}@example.net")) for _ in range(9)]
    assert 0.6 < median(known for known, _ in pairs) / median(other for _, other in pairs) < 1.7


async def test_one_email_in_two_organisations_is_two_accounts(office: Office) -> None:
    email = f"{new_id().hex}@example.org"
    elsewhere = await make_organization(office.db)
    here = await office.clinician(email=email)
    there = await office.user(
        Role.CLINICIAN, email=email, organization_id=elsewhere, password="quite another one"
    )
    for _ in range(4):  # accounts of patients do not crowd out those with a password
        await office.patient(email=email, organization_id=await make_organization(office.db))
    assert (await office.sign_in.with_password(email, PASSWORD)).user == here
    assert (await office.sign_in.with_password(email, "quite another one")).user == there
    with pytest.raises(SignInRefused):
        await office.sign_in.with_password(email, "neither of them")
    assert ("signin.failed", "refused") in await office.audited(elsewhere)


async def test_guessing_is_limited_for_known_and_unknown_alike(office: Office, nobody: str) -> None:
    user = await office.clinician()
    for email in (user.email or "", nobody):
        outcomes = await asyncio.gather(
            *(office.sign_in.with_password(email, "wrong") for _ in range(20)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, SignInRefused) for each in outcomes) == 10
        assert sum(isinstance(each, TooManyRequests) for each in outcomes) == 10
        with pytest.raises(TooManyRequests) as limited:
            await office.sign_in.with_password(email, PASSWORD)
        assert 1 <= limited.value.retry_after <= 900
    office.clock.turn(minutes=15)
    await office.sign_in.with_password(user.email or "", PASSWORD)


async def test_an_address_is_limited_over_all_its_guesses(office: Office) -> None:
    limits = Limits(passwords_per_address=Limit(3, 900))
    sign_in = SignIn(office.db, office.tokens, office.audit, office.clock, limits=limits)
    address = new_id().hex
    for _ in range(3):
        with pytest.raises(SignInRefused):
            await sign_in.with_password(f"{new_id().hex}@example.net", "wrong", address)
    with pytest.raises(TooManyRequests):
        await sign_in.with_password(f"{new_id().hex}@example.net", "wrong", address)


async def test_signing_in_rightly_uses_up_nothing(office: Office) -> None:
    user = await office.clinician()
    for _ in range(12):
        await office.sign_in.with_password(user.email or "", PASSWORD, "192.0.2.7")


async def test_a_refresh_gives_new_tokens_of_the_same_sign_in(office: Office) -> None:
    first = await office.sign_in.open_for(await office.patient(), PORTAL)
    second = await office.sign_in.refresh(first.refresh_token, PORTAL)
    assert second.sign_in_id == first.sign_in_id
    assert second.user == first.user
    assert second.expires_in == 900
    assert second.refresh_token != first.refresh_token
    third = await office.sign_in.refresh(second.refresh_token, PORTAL)
    assert third.refresh_token != second.refresh_token
    assert (await office.audited())[-1] == ("token.refreshed", "done")


async def test_a_replay_ends_the_family_everywhere_at_once(office: Office) -> None:
    gate = await office.gate()
    first = await office.sign_in.open_for(await office.patient(), PORTAL)
    second = await office.sign_in.refresh(first.refresh_token, PORTAL)
    for tokens in (first, second):
        await gate.patient(tokens.access_token)
    with pytest.raises(RefreshReplayed):
        await office.sign_in.refresh(first.refresh_token, PORTAL)
    for tokens in (first, second):
        await soon(lambda token=tokens.access_token: gate.patient(token), TokenNotValid)
    with pytest.raises(RefreshNotValid):
        await office.sign_in.refresh(second.refresh_token, PORTAL)
    with pytest.raises(RefreshReplayed):
        await office.sign_in.refresh(first.refresh_token, PORTAL)
    assert ("token.replayed", "refused") in await office.audited()


async def test_a_replay_leaves_other_sign_ins_alone(office: Office) -> None:
    user = await office.patient()
    stolen = await office.sign_in.open_for(user, PORTAL)
    other = await office.sign_in.open_for(user, PORTAL)
    await office.sign_in.refresh(stolen.refresh_token, PORTAL)
    with pytest.raises(RefreshReplayed):
        await office.sign_in.refresh(stolen.refresh_token, PORTAL)
    await office.sign_in.refresh(other.refresh_token, PORTAL)


async def test_of_parallel_refreshes_exactly_one_wins(office: Office) -> None:
    first = await office.sign_in.open_for(await office.patient(), PORTAL)
    outcomes = await asyncio.gather(
        *(office.sign_in.refresh(first.refresh_token, PORTAL) for _ in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Tokens) for each in outcomes) == 1
    assert sum(isinstance(each, RefreshReplayed) for each in outcomes) == 19


async def test_a_refresh_token_is_for_its_audience_and_organisation(office: Office) -> None:
    tokens = await office.sign_in.open_for(await office.patient(), PORTAL)
    elsewhere = await make_organization(office.db)
    for audience, organization_id in (
        (Audience.CLINICIAN, None),
        (PORTAL, elsewhere),
    ):
        with pytest.raises(RefreshNotValid):
            await office.sign_in.refresh(
                tokens.refresh_token, audience, organization_id=organization_id
            )
    await office.sign_in.refresh(
        tokens.refresh_token, PORTAL, organization_id=office.organization_id
    )


async def test_nonsense_refreshes_nothing(office: Office) -> None:
    real = (await office.sign_in.open_for(await office.patient(), PORTAL)).refresh_token
    for token in ("", "x", real[:-1], real[:-1] + ("a" if real[-1] != "a" else "b"), "\x00\ud800"):
        with pytest.raises(RefreshNotValid):
            await office.sign_in.refresh(token, PORTAL)


async def test_a_refresh_token_slides_for_thirty_days_and_ninety_at_most(office: Office) -> None:
    tokens = await office.sign_in.open_for(await office.patient(), PORTAL)
    for _ in range(3):
        office.clock.turn(days=29)
        tokens = await office.sign_in.refresh(tokens.refresh_token, PORTAL)
    office.clock.turn(days=4)
    with pytest.raises(RefreshNotValid):
        await office.sign_in.refresh(tokens.refresh_token, PORTAL)
    unused = await office.sign_in.open_for(tokens.user, PORTAL)
    office.clock.turn(days=31)
    with pytest.raises(RefreshNotValid):
        await office.sign_in.refresh(unused.refresh_token, PORTAL)


async def test_expired_sign_ins_go_when_the_user_signs_in_again(office: Office) -> None:
    user = await office.patient()
    await office.sign_in.open_for(user, PORTAL)
    office.clock.turn(days=91)
    await office.sign_in.open_for(user, PORTAL)
    async with office.db.transaction(office.organization_id) as tx:
        assert await tx.fetch_value("select count(*) from sign_ins") == 1
        assert await tx.fetch_value("select count(*) from refresh_tokens") == 1


async def test_only_digests_are_kept(office: Office) -> None:
    tokens = await office.sign_in.open_for(await office.patient(), PORTAL)
    async with office.db.transaction(office.organization_id) as tx:
        kept = await tx.fetch("select r::text from refresh_tokens r")
    assert tokens.refresh_token.split(".")[1] not in str(kept)
    assert tokens.refresh_token.encode().hex() not in str(kept)


async def test_signing_out_by_refresh_token_ends_the_family(office: Office) -> None:
    gate = await office.gate()
    first = await office.sign_in.open_for(await office.patient(), PORTAL)
    second = await office.sign_in.refresh(first.refresh_token, PORTAL)
    await gate.patient(second.access_token)
    await office.sign_in.sign_out(second.refresh_token)
    await soon(lambda: gate.patient(second.access_token), TokenNotValid)
    with pytest.raises(RefreshNotValid):
        await office.sign_in.refresh(second.refresh_token, PORTAL)
    assert ("signin.ended", "done") in await office.audited()


async def test_signing_out_by_id_ends_that_sign_in(office: Office) -> None:
    gate = await office.gate()
    tokens = await office.sign_in.open_for(await office.clinician(), Audience.CLINICIAN)
    await gate.clinician(tokens.access_token)
    await office.sign_in.sign_out(sign_in=(office.organization_id, tokens.sign_in_id))
    await soon(lambda: gate.clinician(tokens.access_token), TokenNotValid)


async def test_signing_out_of_nothing_is_no_error(office: Office) -> None:
    await office.sign_in.sign_out()
    await office.sign_in.sign_out("nonsense")
    await office.sign_in.sign_out(sign_in=(office.organization_id, SignInId(new_id())))
    tokens = await office.sign_in.open_for(await office.patient(), PORTAL)
    await office.sign_in.sign_out(tokens.refresh_token)
    await office.sign_in.sign_out(tokens.refresh_token)
    assert (await office.audited()).count(("signin.ended", "done")) == 1


async def test_a_disabled_user_is_out_at_once(office: Office) -> None:
    gate = await office.gate()
    user = await office.patient()
    tokens = await office.sign_in.open_for(user, PORTAL)
    await gate.patient(tokens.access_token)
    await disable_user(office.db, office.audit, office.organization_id, user.id)
    await soon(lambda: gate.patient(tokens.access_token), TokenNotValid)
    with pytest.raises(RefreshNotValid):
        await office.sign_in.refresh(tokens.refresh_token, PORTAL)
