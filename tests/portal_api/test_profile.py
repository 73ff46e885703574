"""The patient's own profile over HTTP: what may be said in it, and what a case in work holds."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from casekeep.http.house import House
from casekeep.identity.limits import Limit, Limits
from casekeep.identity.lookups import Lookups
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import CaseId
from casekeep.portal_api.app import build_app
from tests.support.house import Outbox, SignedIn, client, code_sent_to, signed_in_patient
from tests.support.portal import AUTH, ME, NOT_PROVEN, NOT_VALID, refusal, success

KEYS = [
    "id", "email", "firstName", "lastName", "phoneNumber", "dob", "gender", "address", "address2",
    "city", "state", "country", "postalCode", "allergies", "healthConditions",
    "currentMedications", "createdAt",
]  # fmt: skip
LOCKED = (
    400,
    "First name, last name, date of birth and gender cannot be changed while a case is being "
    "worked on",
    "VALIDATION_ERROR",
)
FREE = {"OPEN", "ABANDONED"}
IN_WORK = {"ASSIGNED", "IN_PROGRESS", "APPROVED", "REJECTED", "NO_DECISION"}


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


async def change(
    portal: httpx.AsyncClient, who: SignedIn, body: Mapping[str, object]
) -> httpx.Response:
    return await portal.patch(ME, headers=who.headers, json=body)


def told(answer: httpx.Response) -> Any:
    profile = success(answer)
    assert list(profile) == ["profile"]
    return profile["profile"]


async def shown(portal: httpx.AsyncClient, who: SignedIn) -> Any:
    return told(await portal.get(ME, headers=who.headers))


async def audited(who: SignedIn, action: str) -> list[tuple[str, dict[str, Any]]]:
    await who.house.audit._notes._flush()
    async with who.house.db.transaction(who.organization_id) as tx:
        rows = await tx.fetch(
            """select outcome, details::text as details from audit_events
               where action = $1 and subject_id = $2 order by id""",
            action,
            who.user.id,
        )
    return [(row["outcome"], row["details"]) for row in rows]


async def move(who: SignedIn, case_id: CaseId, stage: str) -> None:
    async with who.house.db.transaction(who.organization_id) as tx:
        await tx.execute("update cases set stage = $2 where id = $1", case_id, stage)


async def test_a_bare_profile_has_every_key(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    profile = await shown(portal, patient)
    assert list(profile) == KEYS
    known = {key: value for key, value in profile.items() if value is not None}
    assert known.keys() == {"id", "email", "firstName", "lastName", "createdAt"}
    assert (known["id"], known["email"]) == (str(patient.user.id), patient.user.email)
    assert await audited(patient, "user.shown") == [("done", "{}")]


async def test_everything_that_may_change(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    body = {
        "firstName": " Ada \t M. ",
        "lastName": "Lovelace",
        "phoneNumber": "+1 415 555 0123",
        "dob": "1980-02-29",
        "gender": "OTHER",
        "address": "1 Hill  Road",
        "address2": "Flat 2",
        "city": "London",
        "state": "Greater London",
        "country": "gb",
        "postalCode": "W1 1AA",
        "allergies": " Nuts\r\nPollen \n",
        "healthConditions": "None\tknown",
        "currentMedications": "ibuprofen",
    }
    answer = await change(portal, patient, {**body, "shoeSize": 42, "email": 5, "id": None})
    wanted = {
        **body,
        "firstName": "Ada M.",
        "phoneNumber": "+14155550123",
        "dob": "1980-02-29T00:00:00.000Z",
        "address": "1 Hill Road",
        "country": "GB",
        "allergies": "Nuts\nPollen",
    }
    profile = told(answer)
    assert list(profile) == KEYS
    assert {key: profile[key] for key in wanted} == wanted
    assert profile["email"] == patient.user.email
    assert await shown(portal, patient) == profile
    assert await audited(patient, "profile.changed") == [("done", '{"count": 14}')]


CLEARED = [
    "address", "address2", "city", "postalCode", "allergies", "healthConditions",
    "currentMedications",
]  # fmt: skip


async def test_what_null_clears(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    success(await change(portal, patient, dict.fromkeys(CLEARED, "x")))
    profile = told(await change(portal, patient, dict.fromkeys(CLEARED[:4])))
    assert [profile[key] for key in CLEARED] == [None] * 4 + ["x"] * 3
    profile = told(await change(portal, patient, dict.fromkeys(CLEARED[4:], " ")))
    assert [profile[key] for key in CLEARED] == [None] * 7


TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"shoeSize": 42},
        {"id": "x", "email": "new@example.org", "createdAt": "2020-01-01T00:00:00.000Z"},
        *({key: None} for key in KEYS if key not in {*CLEARED, "id", "email", "createdAt"}),
        *({key: ["x"]} for key in KEYS if key not in {"id", "email", "createdAt"}),
        {"firstName": ""},
        {"firstName": " \u200d"},
        {"firstName": "x" * 201},
        {"lastName": "a\u0000b"},
        {"lastName": "a\u202eb"},
        {"state": " "},
        {"phoneNumber": "4155550123"},
        {"phoneNumber": ""},
        {"dob": "1980-02-30"},
        {"dob": "1980-2-3"},
        {"dob": "1980-02-03T00:00:00Z"},
        {"dob": "1899-12-31"},
        {"dob": TOMORROW},
        {"dob": 19800203},
        {"gender": "male"},
        {"gender": "X"},
        {"country": "USA"},
        {"country": "U1"},
        {"country": "\u0130e"},
        {"postalCode": "x" * 21},
        {"allergies": "a\u0000b"},
        {"allergies": "a\u0007b"},
        {"healthConditions": "x" * 5001},
        {"firstName": "Fine", "dob": "never"},
    ],
)
async def test_what_is_refused_whole(
    portal: httpx.AsyncClient, patient: SignedIn, body: dict[str, object]
) -> None:
    before = await shown(portal, patient)
    assert refusal(await change(portal, patient, body)) == NOT_VALID
    assert await shown(portal, patient) == before


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b'"x"', b"{", b"\xff"])
async def test_what_is_no_object(
    portal: httpx.AsyncClient, patient: SignedIn, content: bytes
) -> None:
    headers = {**patient.headers, "content-type": "application/json"}
    assert refusal(await portal.patch(ME, headers=headers, content=content)) == NOT_VALID


async def test_the_largest_profile_fits(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    texts = dict.fromkeys(CLEARED[4:], "😀" * 5000)
    assert told(await change(portal, patient, texts))["allergies"] == texts["allergies"]
    too_large = await change(portal, patient, {"shoeSize": "x" * 300_000, "city": "x"})
    assert too_large.status_code == 413


async def test_today_is_no_future(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    today = datetime.now(UTC).date().isoformat()
    assert told(await change(portal, patient, {"dob": today}))["dob"][:10] == today


async def test_a_number_of_somebody_else(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    number = "+14155550199"
    other = await signed_in_patient(house, patient.organization_id, phone=number)
    await signed_in_patient(house, phone="+14155550198")
    assert refusal(await change(portal, patient, {"phoneNumber": number, "city": "x"})) == NOT_VALID
    assert (await shown(portal, patient))["city"] is None
    assert await audited(patient, "profile.changed") == [("refused", "{}")]
    assert told(await change(portal, patient, {"phoneNumber": "+14155550198"}))
    assert told(await change(portal, other, {"phoneNumber": number}))["phoneNumber"] == number


async def test_of_many_who_want_one_number_one_gets_it(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    others = [await signed_in_patient(house, patient.organization_id) for _ in range(4)]
    body = {"phoneNumber": "+14155550177"}
    answers = await asyncio.gather(*(change(portal, each, body) for each in [patient, *others]))
    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400, 400]


async def test_nobody_goes_through_numbers_to_find_who_is_a_patient_here(house: House) -> None:
    limits = Limits(numbers_per_patient=Limit(2, 3600))
    lookups = Lookups(house.db, house.audit, b"a key of this test", utc_now, limits=limits)
    patient = await signed_in_patient(house)
    other = await signed_in_patient(house, patient.organization_id, phone="+14155550155")
    async with client(build_app(replace(house, lookups=lookups))) as strict:
        for number, status in (("+14155550155", 400), ("+14155550156", 200)):
            answer = await change(strict, patient, {"phoneNumber": number})
            assert answer.status_code == status
        for number in ("+14155550155", "+14155550157"):
            answer = await change(strict, patient, {"phoneNumber": number})
            assert refusal(answer) == (429, "Too many requests", "RATE_LIMITED")
            assert 0 < int(answer.headers["retry-after"]) <= 3600
        success(await change(strict, patient, {"phoneNumber": "+14155550156", "city": "x"}))
        success(await change(strict, other, {"phoneNumber": "+14155550158"}))
    async with house.db.transaction(patient.organization_id) as tx:
        refused = await tx.fetch(
            "select details::text from audit_events where details ->> 'limit' is not null"
        )
    assert [row[0] for row in refused] == ['{"limit": "numbers per patient"}']


async def test_another_number_ends_the_code_that_is_out(
    house: House, portal: httpx.AsyncClient, outbox: Outbox
) -> None:
    old = "+14155550166"
    patient = await signed_in_patient(house, phone=old)
    key = patient.with_headers(authorization=None)
    email = str(patient.user.email)

    async def code_to_the_phone() -> str:
        sent = {"phoneNumber": old, "channel": "SMS"}
        await portal.post(f"{AUTH}/send-otp", headers=key, json=sent)
        return await code_sent_to(house, outbox, old)

    async def sign_in(code: str) -> int:
        sent = {"email": email, "code": code}
        return (await portal.post(f"{AUTH}/verify-otp", headers=key, json=sent)).status_code

    code = await code_to_the_phone()
    success(await change(portal, patient, {"phoneNumber": old, "city": "x"}))
    assert await sign_in(code) == 200, "the number is the same, and the code ended all the same"
    code = await code_to_the_phone()
    success(await change(portal, patient, {"phoneNumber": "+14155550165"}))
    assert await sign_in(code) == 401


@pytest.mark.parametrize("stage", sorted(FREE | IN_WORK))
async def test_which_stages_hold_who_the_patient_is(
    portal: httpx.AsyncClient, patient: SignedIn, stage: str
) -> None:
    case = await patient.case()
    await move(patient, case.id, stage)
    for body in (
        {"firstName": "Other"}, {"lastName": "Other"}, {"dob": "1980-01-01"}, {"gender": "MALE"},
    ):  # fmt: skip
        answer = await change(portal, patient, {**body, "city": "Elsewhere"})
        if stage in FREE:
            success(answer)
        else:
            assert refusal(answer) == LOCKED
            assert (await shown(portal, patient))["city"] is None


async def test_what_a_case_in_work_leaves_free(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    success(await change(portal, patient, {"dob": "1980-01-01", "gender": "OTHER"}))
    case = await patient.case()
    await move(patient, case.id, "ASSIGNED")
    same = {"firstName": " Jane ", "lastName": "Doe", "dob": "1980-01-01", "gender": "OTHER"}
    profile = told(await change(portal, patient, {**same, "city": "Elsewhere"}))
    assert profile["city"] == "Elsewhere"
    assert refusal(await change(portal, patient, {**same, "gender": "MALE"})) == LOCKED
    assert await audited(patient, "profile.changed") == [
        ("done", '{"count": 2}'), ("done", '{"count": 1}'), ("refused", "{}"),
    ]  # fmt: skip

    other = await signed_in_patient(house, patient.organization_id)
    assert told(await change(portal, other, {"gender": "MALE"}))["gender"] == "MALE"
    async with house.db.transaction(patient.organization_id) as tx:
        await tx.execute("update cases set deleted_at = now() where id = $1", case.id)
    assert told(await change(portal, patient, {"gender": "MALE"}))["gender"] == "MALE"


async def test_who_comes_without_proof(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    no_key = patient.with_headers(cv_api_key=None)
    no_token = patient.with_headers(authorization=None)
    for headers, wanted in ((no_key, NOT_VALID), (no_token, NOT_PROVEN)):
        assert refusal(await portal.get(ME, headers=headers)) == wanted
        assert refusal(await portal.patch(ME, headers=headers, json={})) == wanted


async def test_an_account_that_was_closed_a_moment_ago(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    """Closed in the database alone, so that the process still remembers the token."""
    await shown(portal, patient)
    async with house.db.transaction(patient.organization_id) as tx:
        await tx.execute("update users set disabled_at = now() where id = $1", patient.user.id)
    assert refusal(await portal.get(ME, headers=patient.headers)) == NOT_PROVEN
    assert refusal(await change(portal, patient, {"city": "x"})) == NOT_PROVEN
