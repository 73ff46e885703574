import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from casekeep.identity.codes import OneTimeCodes
from casekeep.identity.limits import Limit, Limits, subject_of_address
from casekeep.identity.model import Audience
from casekeep.identity.signing_in import SignIn
from casekeep.kernel.errors import (
    CodeNotValid,
    RefreshReplayed,
    SignInRefused,
    TooManyRequests,
)
from casekeep.kernel.ids import new_id
from tests.identity.conftest import PASSWORD, Office
from tests.identity.test_codes import another_process, wrong

HERE, THERE = "192.0.2.1", "198.51.100.7"


async def outcomes(count: int, call: Callable[[int], Awaitable[object]]) -> list[type]:
    """What each of `count` calls ends with."""
    ended: list[type] = []
    for number in range(count):
        try:
            ended.append(type(await call(number)))
        except (CodeNotValid, SignInRefused, TooManyRequests) as error:
            ended.append(type(error))
    return ended


async def limit_rows(office: Office) -> list[tuple[str, str]]:
    async with office.db.transaction(office.organization_id) as tx:
        rows = await tx.fetch(
            """select action, details ->> 'limit' as limit from audit_events
               where details ->> 'limit' is not null and outcome = 'refused' order by id"""
        )
    return [(row["action"], row["limit"]) for row in rows]


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_whom_an_address_counts_for(address: str, subject: str) -> None:
    assert subject_of_address(address) == subject


async def test_a_strangers_wrong_passwords_lock_nobody_else_out(office: Office) -> None:
    email = (await office.clinician()).email or ""
    ended = await outcomes(12, lambda _: office.sign_in.with_password(email, "wrong", HERE))
    assert ended == [SignInRefused] * 10 + [TooManyRequests] * 2
    await office.sign_in.with_password(email, PASSWORD, THERE)


async def test_passwords_guessed_from_everywhere_are_limited(office: Office, nobody: str) -> None:
    limits = Limits(passwords_per_email=Limit(4, 900))
    sign_in = SignIn(office.db, office.tokens, office.audit, office.clock, limits=limits)
    for email in ((await office.clinician()).email or "", nobody):
        ended = await outcomes(
            6, lambda n, email=email: sign_in.with_password(email, "wrong", f"192.0.2.{n}")
        )
        assert ended == [SignInRefused] * 4 + [TooManyRequests] * 2


async def test_one_ipv6_network_is_one_address(office: Office, nobody: str) -> None:
    async def guess(number: int) -> object:
        return await office.sign_in.with_password(nobody, "wrong", f"2001:db8::{number + 1:x}")

    async def ask(number: int) -> object:
        address = f"2001:db8::{number + 1:x}"
        return await office.codes.request(office.organization_id, email=nobody, address=address)

    async def verify(number: int) -> object:
        address = f"2001:db8::{number + 1:x}"
        return await office.codes.verify(
            office.organization_id, email=nobody, code="000000", address=address
        )

    assert (await outcomes(11, guess)).count(TooManyRequests) == 1
    assert (await outcomes(6, ask)).count(TooManyRequests) == 1
    assert (await outcomes(11, verify)).count(TooManyRequests) == 1


async def test_a_strangers_guesses_and_requests_stop_nobody_elses_code(office: Office) -> None:
    patient = await office.patient()
    where = {"email": patient.email, "address": HERE}
    ended = await outcomes(7, lambda _: office.codes.request(office.organization_id, **where))
    assert ended.count(TooManyRequests) == 2
    ended = await outcomes(
        12, lambda _: office.codes.verify(office.organization_id, code="x", **where)
    )
    assert ended == [CodeNotValid] * 10 + [TooManyRequests] * 2
    code = await office.code_for(patient, email=patient.email or "", address=THERE)
    await office.codes.verify(office.organization_id, email=patient.email, code=code, address=THERE)


async def test_guessing_from_everywhere_meets_fifteen_codes_of_five_attempts(
    office: Office,
) -> None:
    patient = await office.patient()
    compared = 0
    for number in range(17):
        where = {"email": patient.email, "address": f"192.0.2.{number}"}
        if number >= 15:
            with pytest.raises(TooManyRequests):
                await office.codes.request(office.organization_id, **where)
            continue
        code = await office.code_for(patient, **where)
        await outcomes(
            6,
            lambda by, where=where, code=code: office.codes.verify(
                office.organization_id, code=wrong(code, by + 1), **where
            ),
        )
    async with office.db.transaction(office.organization_id) as tx:
        compared = await tx.fetch_value(
            "select count(*) from audit_events where action = 'code.failed' and subject_id = $1",
            patient.id,
        )
    assert compared == 75


async def test_guesses_from_everywhere_are_limited(office: Office, nobody: str) -> None:
    codes = another_process(office, guesses_per_identifier=Limit(4, 900))
    patient = await office.patient()
    for email in (patient.email, nobody):
        ended = await outcomes(
            6,
            lambda n, email=email: codes.verify(
                office.organization_id, email=email, code="000000", address=f"192.0.2.{n}"
            ),
        )
        assert ended == [CodeNotValid] * 4 + [TooManyRequests] * 2


async def ask_for_nobodys_codes(office: Office, codes: OneTimeCodes, count: int) -> None:
    for number in range(count):
        await codes.request(
            office.organization_id, email=f"{new_id().hex}@example.net", address=f"192.0.2.{number}"
        )
    await codes.close()


async def test_codes_for_invented_addresses_stop_no_real_one(office: Office) -> None:
    codes = another_process(office, codes_per_organization=Limit(2, 3600))
    patient = await office.patient()
    await ask_for_nobodys_codes(office, codes, 5)
    await codes.request(office.organization_id, email=patient.email)
    await codes.close()
    assert len(office.sent()) == 1


async def test_an_organisation_sends_so_many_codes_and_logs_the_rest(office: Office) -> None:
    codes = another_process(office, codes_per_organization=Limit(2, 3600))
    patients = [await office.patient() for _ in range(3)]
    with capture_logs() as lines:
        for patient in patients:
            await codes.request(office.organization_id, email=patient.email)
            await codes.close()
    assert len(office.sent()) == 2
    assert [line["event"] for line in lines] == ["code.dropped"]
    assert lines[0]["organization_id"] == str(office.organization_id)
    assert (await office.audited()).count(("code.sent", "done")) == 2


async def test_a_reached_limit_of_codes_is_recorded_once_a_window(
    office: Office, nobody: str
) -> None:
    patient = await office.patient()
    expected: list[tuple[str, str]] = []
    for email in (patient.email, nobody):
        for _ in range(2):  # known or not, and anew in the next window
            await asyncio.gather(
                *(office.codes.request(office.organization_id, email=email) for _ in range(12)),
                return_exceptions=True,
            )
            await asyncio.gather(
                *(
                    office.codes.verify(office.organization_id, email=email, code="x")
                    for _ in range(15)
                ),
                return_exceptions=True,
            )
            expected += [("code.failed", "codes per pair"), ("code.failed", "guesses per pair")]
            assert await limit_rows(office) == expected
            office.clock.turn(minutes=15)
    await office.codes.close()


async def test_a_reached_limit_of_passwords_is_recorded_once_a_window(
    office: Office, nobody: str
) -> None:
    user = await office.clinician()
    for email in (user.email or "", nobody):
        with capture_logs() as lines:
            await outcomes(13, lambda _, email=email: office.sign_in.with_password(email, "wrong"))
        assert [line["event"] for line in lines] == ["limit.reached"]
        assert email not in str(lines)
    assert await limit_rows(office) == [("signin.failed", "passwords per pair")]


async def test_a_reached_limit_of_an_address_is_only_logged(office: Office) -> None:
    limits = Limits(passwords_per_address=Limit(2, 900))
    sign_in = SignIn(office.db, office.tokens, office.audit, office.clock, limits=limits)
    email, address = (await office.clinician()).email or "", new_id().hex
    with capture_logs() as lines:
        await outcomes(5, lambda _: sign_in.with_password(email, "wrong", address))
    assert [(line["event"], line["kind"]) for line in lines] == [
        ("limit.reached", "passwords per address")
    ]
    assert await limit_rows(office) == []


async def test_a_token_replayed_for_ever_is_recorded_once(office: Office) -> None:
    first = await office.sign_in.open_for(await office.patient(), Audience.PATIENT_PORTAL)
    await office.sign_in.refresh(first.refresh_token, Audience.PATIENT_PORTAL)
    for _ in range(5):
        with pytest.raises(RefreshReplayed):
            await office.sign_in.refresh(first.refresh_token, Audience.PATIENT_PORTAL)
    assert (await office.audited()).count(("token.replayed", "refused")) == 1


async def test_a_token_used_after_sign_out_leaves_no_record(office: Office) -> None:
    first = await office.sign_in.open_for(await office.patient(), Audience.PATIENT_PORTAL)
    second = await office.sign_in.refresh(first.refresh_token, Audience.PATIENT_PORTAL)
    await office.sign_in.sign_out(second.refresh_token)
    before = await office.audited()
    with pytest.raises(RefreshReplayed):
        await office.sign_in.refresh(first.refresh_token, Audience.PATIENT_PORTAL)
    assert await office.audited() == before
