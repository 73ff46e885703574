"""The list of cases over HTTP: what its query means, and pages that stay exact."""

from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from casekeep.http.house import House
from tests.support.clinician import open_case, refusal
from tests.support.house import SignedIn, signed_in_clinician

LIST = "/cases/all_cases"


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


async def ask(client: AsyncClient, caller: SignedIn, **params: object) -> dict[str, Any]:
    answer = await client.get(LIST, headers=caller.headers, params=params)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


async def problem(client: AsyncClient, caller: SignedIn, **params: str) -> list[str]:
    """The parameters that a refused list was refused for."""
    answer = await client.get(LIST, headers=caller.headers, params=params)
    status, detail = refusal(answer)
    assert status == 422
    assert {each["loc"][0] for each in detail} == {"query"}
    return [each["loc"][1] for each in detail]


async def opened(client: AsyncClient, caller: SignedIn, *names: str) -> list[int]:
    made = [await open_case(client, caller.headers, patient_name=name) for name in names]
    return [each["case"]["id"] for each in made]


async def date_case(house: House, caller: SignedIn, number: int, moment: str) -> None:
    async with house.db.transaction(caller.organization_id) as tx:
        await tx.execute(
            """update cases set created_at = $3::text::timestamptz
               where organization_id = $1 and number = $2""",
            caller.organization_id,
            number,
            moment,
        )


def numbers(body: dict[str, Any]) -> list[int]:
    return [case["id"] for case in body["cases"]]


async def test_without_paging_all_cases_come_and_nothing_else(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    ids = await opened(clinician, caller, "One", "Two", "Three")
    await opened(clinician, await signed_in_clinician(house, caller.organization_id), "Other")
    body = await ask(clinician, caller)
    assert list(body) == ["cases"]
    assert numbers(body) == ids[::-1]
    filtered = await ask(clinician, caller, search="t", sort_by="id", sort_order="asc")
    assert list(filtered) == ["cases"]
    assert numbers(filtered) == [ids[1], ids[2]]
    assert list(await ask(clinician, caller, user_id=caller.user.id)) == ["cases"]


async def test_pages_by_number_and_by_cursor_are_the_same(
    clinician: AsyncClient, caller: SignedIn
) -> None:
    ids = (await opened(clinician, caller, *"ABCDE"))[::-1]
    first = await ask(clinician, caller, limit=2)
    assert (first["total"], first["page"], first["limit"]) == (5, 1, 2)
    second = await ask(clinician, caller, limit=2, page=2)
    after = await ask(clinician, caller, limit=2, after=first["next"])
    assert numbers(second) == numbers(after) == ids[2:4]
    assert (second["page"], after["page"], second["next"]) == (2, None, after["next"])
    last = await ask(clinician, caller, limit=2, page=3)
    assert (numbers(last), last["next"]) == (ids[4:], None)
    beyond = await ask(clinician, caller, limit=2, page=9)
    assert (beyond["cases"], beyond["total"], beyond["next"]) == ([], 5, None)
    usual = await ask(clinician, caller, page=1)
    assert (usual["limit"], numbers(usual)) == (50, ids)


async def test_a_page_after_another_is_exact_while_cases_are_opened(
    clinician: AsyncClient, caller: SignedIn
) -> None:
    ids = await opened(clinician, caller, *"ABCDE")
    seen: list[int] = []
    params: dict[str, object] = {"limit": 2}
    while True:
        body = await ask(clinician, caller, **params)
        seen += numbers(body)
        if body["next"] is None:
            break
        params = {"limit": 2, "after": body["next"]}
        await opened(clinician, caller, "Newcomer")
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"start_date": "2026-03-04", "end_date": "2026-03-04"}, "AB"),
        ({"start_date": "2026-03-05"}, "C"),
        ({"end_date": "2026-03-04"}, "AB"),
        ({"start_date": "2026-03-04T10:30:15Z"}, "BC"),
        ({"end_date": "2026-03-04T10:30:14Z"}, "A"),
        ({"end_date": "2026-03-04T10:30:15Z"}, "AB"),
        ({"end_date": "2026-03-04T10:30:15"}, "AB"),
        ({"end_date": "2026-03-04T10:30:15.5Z"}, "A"),
        ({"end_date": "2026-03-04T10:30:15.7Z"}, "AB"),
        ({"start_date": "2026-03-04T11:30:15+01:00", "end_date": "2026-03-04T12:31+02:00"}, "B"),
        ({"start_date": "2026-03-05", "end_date": "2026-03-04"}, ""),
        ({"start_date": "0001-01-01", "end_date": "9999-12-30"}, "ABC"),
    ],
)
async def test_dates_are_whole_and_times_are_as_they_are_told(
    house: House, clinician: AsyncClient, caller: SignedIn, asked: dict[str, str], found: str
) -> None:
    moments = ("2026-03-04T00:00:00Z", "2026-03-04T10:30:15.7Z", "2026-03-05T00:00:00Z")
    for name, moment in zip("ABC", moments, strict=True):
        (number,) = await opened(clinician, caller, name)
        await date_case(house, caller, number, moment)
    body = await ask(clinician, caller, sort_order="asc", **asked)
    assert "".join(case["patient_name"] for case in body["cases"]) == found


async def test_a_status_may_be_said_in_either_word(
    clinician: AsyncClient, caller: SignedIn
) -> None:
    one, other = await opened(clinician, caller, "A", "B")
    await clinician.post(f"/cases/analyze/{one}", headers=caller.headers)
    for word in ("analyzing", "processing"):
        assert numbers(await ask(clinician, caller, status=word)) == [one]
    assert numbers(await ask(clinician, caller, status="pending")) == [other]


async def test_a_search_takes_its_text_as_it_is(clinician: AsyncClient, caller: SignedIn) -> None:
    _, percent, _ = await opened(clinician, caller, "Plain", "100% sure", "under_score")
    assert numbers(await ask(clinician, caller, search="0%")) == [percent]
    assert numbers(await ask(clinician, caller, search=" SURE ")) == [percent]
    assert numbers(await ask(clinician, caller, search=str(percent))) == [percent]
    assert numbers(await ask(clinician, caller, search="%_%")) == []
    assert len(numbers(await ask(clinician, caller, search=" "))) == 3


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"limit": "0"}, ["limit"]),
        ({"limit": "201"}, ["limit"]),
        ({"limit": ""}, ["limit"]),
        ({"limit": "1.5"}, ["limit"]),
        ({"limit": "٣"}, ["limit"]),
        ({"page": "0"}, ["page"]),
        ({"page": "-1"}, ["page"]),
        ({"page": "9" * 99}, ["page"]),
        ({"page": "202", "limit": "50"}, ["page"]),
        ({"page": "1", "after": "x"}, ["after"]),
        ({"after": ""}, ["after"]),
        ({"after": "ä"}, ["after"]),
        ({"after": "A" * 5000}, ["after"]),
        ({"status": ""}, ["status"]),
        ({"status": "OPEN"}, ["status"]),
        ({"sort_by": "patient_age"}, ["sort_by"]),
        ({"sort_order": "DESC"}, ["sort_order"]),
        ({"search": "x" * 201}, ["search"]),
        ({"search": "\0"}, ["search"]),
        ({"start_date": ""}, ["start_date"]),
        ({"start_date": "2026-02-30"}, ["start_date"]),
        ({"start_date": "20260301"}, ["start_date"]),
        ({"start_date": "2026-W01-1"}, ["start_date"]),
        ({"start_date": "2026-03-04T25:00Z"}, ["start_date"]),
        ({"start_date": "0001-01-01T00:00+23:00"}, ["start_date"]),
        ({"end_date": "9999-12-31"}, ["end_date"]),
        ({"end_date": "yesterday", "limit": "x"}, ["end_date", "limit"]),
    ],
)
async def test_what_a_list_cannot_be_asked_for(
    clinician: AsyncClient, caller: SignedIn, params: dict[str, str], named: list[str]
) -> None:
    assert await problem(clinician, caller, **params) == named


async def test_deep_pages_are_left_to_cursors(clinician: AsyncClient, caller: SignedIn) -> None:
    assert (await ask(clinician, caller, page=201, limit=50))["cases"] == []
    answer = await clinician.get(
        LIST, headers=caller.headers, params={"page": "202", "limit": "50"}
    )
    assert "use after" in answer.json()["detail"][0]["msg"]


async def test_a_cursor_is_nothing_to_another_order_or_another_caller(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    await opened(clinician, caller, "A", "B")
    other = await signed_in_clinician(house, caller.organization_id)
    (theirs,) = await opened(clinician, other, "C")
    by_name = await ask(clinician, caller, limit=1, sort_by="patient_name")
    assert await problem(clinician, caller, after=by_name["next"]) == ["after"]
    again = {"after": by_name["next"], "sort_by": "patient_name"}
    assert await problem(clinician, other, **again) == ["after"]
    assert await problem(clinician, caller, **again, sort_order="asc") == ["after"]
    newest = (await ask(clinician, caller, limit=1))["next"]
    assert set(numbers(await ask(clinician, other, after=newest))) <= {theirs}


async def test_another_users_list_is_nobodys(clinician: AsyncClient, caller: SignedIn) -> None:
    answer = await clinician.get(LIST, headers=caller.headers, params={"user_id": str(uuid4())})
    assert refusal(answer) == (403, "user_id does not match the signed-in user")
