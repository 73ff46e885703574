import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from structlog.testing import capture_logs

from casekeep.identity.accounts import disable_user
from casekeep.identity.code_sending import digest_of
from casekeep.identity.codes import OneTimeCodes
from casekeep.identity.limits import Limit, Limits
from casekeep.identity.model import Tokens, User
from casekeep.kernel.errors import CodeNotValid, InputNotValid, TooManyRequests
from casekeep.kernel.ids import OrganizationId, new_id
from casekeep.mail.channels import open_email_channel, open_text_channel
from tests.identity.conftest import SECRET, Office
from tests.support.factories import make_organization


def another_process(office: Office, mail: str | None = None, **limits: Limit) -> OneTimeCodes:
    mail = mail or f"maildir:{office.outbox}"
    return OneTimeCodes(
        office.db,
        office.sign_in,
        office.audit,
        open_email_channel(mail, sender="clinic@example.org"),
        open_text_channel(f"maildir:{office.outbox}"),
        SECRET,
        office.clock,
        limits=Limits(**limits),
    )


async def verify(office: Office, patient: User, code: str) -> Tokens:
    return await office.codes.verify(office.organization_id, email=patient.email, code=code)


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 1_000_000:06d}"


async def test_a_code_by_mail_signs_a_patient_in(office: Office) -> None:
    patient = await office.patient()
    code = await office.code_for(patient, email=f" {(patient.email or '').upper()}")
    tokens = await verify(office, patient, code)
    assert tokens.user == patient
    assert tokens.expires_in == 900
    assert (await (await office.gate()).patient(tokens.access_token)).user == patient
    assert [action for action, _ in await office.audited()] == [
        "user.created", "code.requested", "code.sent", "signin.succeeded"
    ]  # fmt: skip


async def test_a_code_by_text_message_signs_a_patient_in(office: Office) -> None:
    patient = await office.patient(phone="+14155550123")
    code = await office.code_for(patient, phone="+1 415 555 0123")
    assert office.sent()[-1]["To"] == "+14155550123"
    tokens = await office.codes.verify(office.organization_id, phone="+14155550123", code=code)
    assert tokens.user == patient


async def test_nobody_else_gets_one_and_the_call_tells_nothing(office: Office, nobody: str) -> None:
    staff = await office.clinician()
    for email in (nobody, staff.email):
        await office.codes.request(office.organization_id, email=email)
    elsewhere = await make_organization(office.db)
    patient = await office.patient()
    await office.codes.request(elsewhere, email=patient.email)
    await office.codes.close()
    assert office.sent() == []


async def test_a_code_works_once(office: Office) -> None:
    patient = await office.patient()
    code = await office.code_for(patient)
    outcomes = await asyncio.gather(
        *(verify(office, patient, code) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(each, Tokens) for each in outcomes) == 1
    assert sum(isinstance(each, CodeNotValid) for each in outcomes) == 7


async def test_every_failure_is_one_refusal(office: Office, nobody: str) -> None:
    patient, other = await office.patient(), await office.patient()
    code = await office.code_for(patient)
    texts: set[str] = set()
    for email, guess in ((patient.email, wrong(code)), (patient.email, ""), (nobody, code),
                         (other.email, code), (patient.email, "\ud800")):  # fmt: skip
        with pytest.raises(CodeNotValid) as refused:
            await office.codes.verify(office.organization_id, email=email, code=guess)
        texts.add(str(refused.value))
    assert len(texts) == 1
    assert (await office.audited()).count(("code.failed", "refused")) == 5
    await verify(office, patient, code)


async def test_a_code_lives_five_minutes(office: Office) -> None:
    patient = await office.patient()
    code = await office.code_for(patient)
    office.clock.turn(minutes=5)
    with pytest.raises(CodeNotValid):
        await verify(office, patient, code)
    code = await office.code_for(patient)
    office.clock.turn(minutes=4, seconds=58)
    await verify(office, patient, code)


async def test_a_second_code_replaces_the_first(office: Office) -> None:
    patient = await office.patient()
    first = await office.code_for(patient)
    second = first
    while second == first:
        second = await office.code_for(patient)
    with pytest.raises(CodeNotValid):
        await verify(office, patient, first)
    await verify(office, patient, second)


async def test_a_code_is_its_own_patients_in_its_own_organisation(office: Office) -> None:
    email = f"{new_id().hex}@example.org"
    elsewhere = await make_organization(office.db)
    here = await office.patient(email=email)
    await office.patient(email=email, organization_id=elsewhere)
    code = await office.code_for(here)
    with pytest.raises(CodeNotValid):
        await office.codes.verify(elsewhere, email=email, code=code)
    await verify(office, here, code)


async def test_the_sixth_guess_is_not_made_even_if_it_is_right(office: Office) -> None:
    patient = await office.patient()
    code = await office.code_for(patient)
    for by in range(1, 6):
        with pytest.raises(CodeNotValid):
            await verify(office, patient, wrong(code, by))
    with pytest.raises(CodeNotValid):
        await verify(office, patient, code)


async def test_two_hundred_parallel_guesses_win_nothing(office: Office) -> None:
    patient = await office.patient()
    code = await office.code_for(patient)
    generous = another_process(
        office, guesses_per_pair=Limit(1000, 900), guesses_per_identifier=Limit(1000, 900)
    )
    processes = [office.codes, generous]  # one with the usual limit, one with none to speak of

    async def guess(number: int, guessed: str) -> Tokens:
        return await processes[number % 2].verify(
            office.organization_id, email=patient.email, code=guessed
        )

    first = [guess(1, wrong(code, by)) for by in range(1, 6)]
    assert all(
        isinstance(each, CodeNotValid)
        for each in await asyncio.gather(*first, return_exceptions=True)
    )
    guesses = [guess(n, code if n % 3 == 0 else wrong(code, n)) for n in range(6, 206)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert all(isinstance(each, CodeNotValid | TooManyRequests) for each in outcomes)


async def test_of_racing_guesses_five_at_most_are_compared(office: Office) -> None:
    patient = await office.patient()
    code = await office.code_for(patient)
    generous = another_process(
        office, guesses_per_pair=Limit(1000, 900), guesses_per_identifier=Limit(1000, 900)
    )
    outcomes = await asyncio.gather(
        *(
            generous.verify(office.organization_id, email=patient.email, code=wrong(code, n))
            for n in range(1, 201)
        ),
        return_exceptions=True,
    )
    assert all(isinstance(each, CodeNotValid) for each in outcomes)
    async with office.db.transaction(office.organization_id) as tx:
        assert await tx.fetch_value("select attempts_left from one_time_codes") == 0
        compared = await tx.fetch_value(
            "select count(*) from audit_events where action = 'code.failed' and subject_id = $1",
            patient.id,
        )
    assert compared == 5


async def test_guesses_are_limited_over_several_codes_for_known_and_unknown(
    office: Office, nobody: str
) -> None:
    patient = await office.patient()
    for email in (patient.email, nobody):
        outcomes = await asyncio.gather(
            *(
                office.codes.verify(office.organization_id, email=email, code="000000")
                for _ in range(15)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(each, CodeNotValid) for each in outcomes) == 10
        limited = [each for each in outcomes if isinstance(each, TooManyRequests)]
        assert len(limited) == 5
        assert all(1 <= each.retry_after <= 900 for each in limited)


async def test_sending_is_limited_by_identifier_for_known_and_unknown(
    office: Office, nobody: str
) -> None:
    patient = await office.patient()
    for email in (patient.email, nobody):
        outcomes = await asyncio.gather(
            *(process.request(office.organization_id, email=email)
              for process in (office.codes, another_process(office)) for _ in range(4)),
            return_exceptions=True,
        )  # fmt: skip
        assert sum(isinstance(each, TooManyRequests) for each in outcomes) == 3
    await office.codes.close()
    office.clock.turn(minutes=15)
    await office.codes.request(office.organization_id, email=patient.email)


async def test_sending_is_limited_by_address(office: Office) -> None:
    codes = another_process(office, codes_per_address=Limit(3, 900))
    for _ in range(3):
        await codes.request(
            office.organization_id, email=f"{new_id().hex}@example.net", address="192.0.2.1"
        )
    for _ in range(2):
        with pytest.raises(TooManyRequests):
            await codes.request(
                office.organization_id, email=f"{new_id().hex}@example.net", address="192.0.2.1"
            )
    elsewhere = await make_organization(office.db)
    await codes.request(elsewhere, email=f"{new_id().hex}@example.net", address="192.0.2.1")
    await codes.close()


async def test_old_windows_are_removed_in_passing(office: Office, nobody: str) -> None:
    await office.codes.request(office.organization_id, email=nobody)
    office.clock.turn(days=2)
    await office.codes.request(office.organization_id, email=nobody)
    await office.codes.close()
    async with office.db.transaction(office.organization_id) as tx:
        assert await tx.fetch_value("select count(*) from rate_limits") == 2


async def test_a_code_is_in_no_table_and_no_log_line(office: Office) -> None:
    patient = await office.patient()
    with capture_logs() as lines:
        code = await office.code_for(patient)
        with pytest.raises(CodeNotValid):
            await verify(office, patient, wrong(code))
        await verify(office, patient, code)
    assert code not in str(lines)
    assert (patient.email or "") not in str(lines)
    async with office.db.transaction(office.organization_id) as tx:
        kept = await tx.fetch_value("select code_hash from one_time_codes")
        audited = await tx.fetch("select details::text from audit_events")
    assert len(kept) == 32
    assert code.encode() not in kept
    assert code not in str(audited)


async def test_what_cannot_be_delivered_is_told_by_id_only(office: Office, tmp_path: Path) -> None:
    patient = await office.patient()
    broken = another_process(office, mail="smtp://127.0.0.1:1?starttls=never")
    with capture_logs() as lines:
        await broken.request(office.organization_id, email=patient.email)
        await broken.close()
    assert [line["event"] for line in lines] == ["code.not_sent"]
    assert lines[0]["user_id"] == str(patient.id)
    assert set(lines[0]) == {"event", "log_level", "user_id", "cause"}
    assert (await office.audited())[-1] == ("code.not_sent", "refused")


async def test_the_answer_does_not_wait_for_the_mail(office: Office, nobody: str) -> None:
    gate = asyncio.Event()

    async def later(work: Coroutine[Any, Any, None]) -> None:
        await gate.wait()
        await work

    codes = another_process(office)
    codes._spawn = lambda work: asyncio.create_task(later(work))
    patient = await office.patient()
    for email in (patient.email, nobody):
        await codes.request(office.organization_id, email=email)
    assert office.sent() == []
    gate.set()
    await codes.close()
    assert len(office.sent()) == 1


async def test_known_and_unknown_take_the_same_time(office: Office) -> None:
    codes = another_process(
        office, guesses_per_pair=Limit(1000, 900), guesses_per_identifier=Limit(1000, 900)
    )
    patient = await office.patient()

    async def cost(email: str | None) -> float:
        began = time.perf_counter()
        with pytest.raises(CodeNotValid):
            await codes.verify(office.organization_id, email=email, code="000000")
        return time.perf_counter() - began

    pairs = [(await cost(patient.email), await cost(f"{n}@example.net")) for n in range(25)]
    assert 0.5 < median(known for known, _ in pairs) / median(other for _, other in pairs) < 2


async def test_exactly_one_identifier_is_needed(office: Office) -> None:
    for reached in ({}, {"email": "a@b.example", "phone": "+14155550123"}, {"email": "pat"}):
        with pytest.raises(InputNotValid):
            await office.codes.request(office.organization_id, **reached)
        with pytest.raises(InputNotValid):
            await office.codes.verify(office.organization_id, code="000000", **reached)


async def test_right_codes_use_up_no_guesses(office: Office) -> None:
    patient = await office.patient()
    office.codes = another_process(
        office, codes_per_pair=Limit(100, 900), codes_per_identifier=Limit(100, 900)
    )
    for _ in range(12):
        await verify(office, patient, await office.code_for(patient))


async def test_a_closed_account_gets_no_code_and_its_last_one_is_worth_nothing(
    office: Office,
) -> None:
    patient = await office.patient()
    code = await office.code_for(patient)
    await disable_user(office.db, office.audit, office.organization_id, patient.id)
    with pytest.raises(CodeNotValid):
        await verify(office, patient, code)
    await office.codes.request(office.organization_id, email=patient.email)
    await office.codes.close()
    assert len(office.sent()) == 1


def test_what_is_kept_of_a_code_tells_who_has_the_same_one_to_nobody() -> None:
    one, two = OrganizationId(new_id()), OrganizationId(new_id())
    me, you = new_id(), new_id()
    kept = {
        digest_of(pepper, organization_id, user_id, code)
        for pepper in (b"a", b"b")
        for organization_id in (one, two)
        for user_id in (me, you)
        for code in ("000000", "000001")
    }
    assert len(kept) == 16


async def test_a_code_of_a_clock_that_ran_ahead_is_over(office: Office) -> None:
    patient = await office.patient()
    office.clock.turn(hours=1)
    code = await office.code_for(patient)
    office.clock.turn(hours=-1)
    with pytest.raises(CodeNotValid):
        await verify(office, patient, code)
    await verify(office, patient, await office.code_for(patient))
