"""`GET /users/me/files`: which files, in which order, in which pages."""

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from casekeep.http.house import House
from tests.support.factories import make_case, make_organization
from tests.support.house import signed_in_clinician, signed_in_patient
from tests.support.portal import (
    FILES,
    NO_CASE,
    NOON,
    NOT_VALID,
    ids,
    keep_row,
    refusal,
    success,
)


async def test_newest_first_and_ties_by_id_descending(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    case = await patient.case()
    times = [NOON, NOON + timedelta(microseconds=1), NOON, NOON - timedelta(days=1), NOON]
    kept = [(at, await keep_row(house, case, created_at=at)) for at in times]

    listed = ids(await portal.get(FILES, headers=patient.headers))

    assert listed == [str(file_id) for _, file_id in sorted(kept, reverse=True)]


async def test_a_patient_without_files_has_an_empty_list(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)

    assert success(await portal.get(FILES, headers=patient.headers)) == {"files": []}

    case = await patient.case()
    query = {"caseId": str(case.id)}
    answer = await portal.get(FILES, headers=patient.headers, params=query)
    assert success(answer) == {"files": []}


async def test_files_of_all_own_cases_or_of_one(house: House, portal: httpx.AsyncClient) -> None:
    patient = await signed_in_patient(house)
    first, second = await patient.case(), await patient.case()
    older = await keep_row(house, first, created_at=NOON)
    newer = await keep_row(house, second, created_at=NOON + timedelta(days=1))

    async def listed(**query: str) -> list[str]:
        return ids(await portal.get(FILES, headers=patient.headers, params=query))

    assert await listed() == [str(newer), str(older)]
    assert await listed(caseId=str(first.id)) == [str(older)]
    assert await listed(caseId=str(second.id).upper()) == [str(newer)]


async def test_type_is_about_protected_health_information(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    case, other = await patient.case(), await patient.case()
    protected = await keep_row(house, case, is_phi=True)
    general = await keep_row(house, case, is_phi=False)
    await keep_row(house, other, is_phi=True)

    for kind, expected in (("phi", protected), ("general", general)):
        query = {"caseId": str(case.id), "type": kind}
        assert ids(await portal.get(FILES, headers=patient.headers, params=query)) == [
            str(expected)
        ]
    both = await portal.get(FILES, headers=patient.headers, params={"type": "phi"})
    assert len(ids(both)) == 2


async def test_deleted_and_unfinished_files_are_not_there(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    case = await patient.case()
    kept = await keep_row(house, case)
    await keep_row(house, case, deleted=True)
    await keep_row(house, case, state="receiving")
    await keep_row(house, case, state="discarded")

    assert ids(await portal.get(FILES, headers=patient.headers)) == [str(kept)]
    query = {"caseId": str(case.id)}
    assert ids(await portal.get(FILES, headers=patient.headers, params=query)) == [str(kept)]


async def test_files_of_a_deleted_case_are_not_there(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    case = await patient.case()
    await keep_row(house, case)
    async with house.db.transaction(case.organization_id) as tx:
        await tx.execute("update cases set deleted_at = now() where id = $1", case.id)

    assert ids(await portal.get(FILES, headers=patient.headers)) == []
    query = {"caseId": str(case.id)}
    assert refusal(await portal.get(FILES, headers=patient.headers, params=query)) == NO_CASE


async def test_nobody_elses_files_are_listed(house: House, portal: httpx.AsyncClient) -> None:
    patient = await signed_in_patient(house)
    neighbour = await signed_in_patient(house, patient.organization_id)
    stranger = await signed_in_patient(house)
    clinician = await signed_in_clinician(house, patient.organization_id)
    own = await keep_row(house, await patient.case())
    for other in (neighbour, stranger, clinician):
        await keep_row(house, await other.case())

    assert ids(await portal.get(FILES, headers=patient.headers)) == [str(own)]


async def test_a_case_that_is_not_the_patients_is_refused(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    neighbour = await signed_in_patient(house, patient.organization_id)
    stranger = await signed_in_patient(house)
    nobodys = await make_case(house.db, patient.organization_id)
    foreign = [
        (await neighbour.case()).id,
        (await stranger.case()).id,
        nobodys.id,
        uuid4(),
        UUID(int=0),
    ]

    for case_id in foreign:
        query = {"caseId": str(case_id)}
        answer = await portal.get(FILES, headers=patient.headers, params=query)
        assert refusal(answer) == NO_CASE


async def test_restricted_files_are_listed_unless_the_organisation_hides_them(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    case = await patient.case()
    restricted = await keep_row(house, case, is_restricted=True, created_at=NOON)
    plain = await keep_row(house, case, created_at=NOON + timedelta(days=1))
    assert ids(await portal.get(FILES, headers=patient.headers)) == [str(plain), str(restricted)]

    async with house.db.transaction(patient.organization_id) as tx:
        await tx.execute(
            "update organizations set hides_restricted_files = true where id = $1",
            patient.organization_id,
        )

    assert ids(await portal.get(FILES, headers=patient.headers)) == [str(plain)]
    metadata = await portal.get(f"{FILES}/{restricted}/metadata", headers=patient.headers)
    assert metadata.status_code == 404


async def test_pages_hold_every_file_once(house: House, portal: httpx.AsyncClient) -> None:
    patient = await signed_in_patient(house)
    case = await patient.case()
    for minute in (1, 1, 1, 2, 3, 3, 3):
        await keep_row(house, case, created_at=NOON + timedelta(minutes=minute))
    everything = ids(await portal.get(FILES, headers=patient.headers))

    query: dict[str, str] = {"limit": "2"}
    pages: list[list[str]] = []
    while True:
        answer = await portal.get(FILES, headers=patient.headers, params=query)
        info = success(answer)["pageInfo"]
        pages.append(ids(answer))
        assert list(info) == ["endCursor", "hasNextPage"]
        if not info["hasNextPage"]:
            break
        query["after"] = info["endCursor"]

    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert [each for page in pages for each in page] == everything


async def test_a_page_that_ends_exactly_with_the_list_has_no_next(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    case = await patient.case()
    for _ in range(3):
        await keep_row(house, case)

    answer = await portal.get(FILES, headers=patient.headers, params={"limit": "3"})

    assert len(ids(answer)) == 3
    assert success(answer)["pageInfo"] == {"endCursor": None, "hasNextPage": False}


async def test_after_without_a_limit_gives_all_the_rest(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    case = await patient.case()
    for _ in range(4):
        await keep_row(house, case)
    everything = ids(await portal.get(FILES, headers=patient.headers))
    first = await portal.get(FILES, headers=patient.headers, params={"limit": "1"})

    query = {"after": success(first)["pageInfo"]["endCursor"]}
    rest = await portal.get(FILES, headers=patient.headers, params=query)

    assert ids(rest) == everything[1:]
    assert success(rest)["pageInfo"] == {"endCursor": None, "hasNextPage": False}


@pytest.mark.parametrize(
    "query",
    [
        "caseId=",
        "caseId=12345",
        "caseId=null",
        "caseId={550e8400-e29b-41d4-a716-446655440000}",
        "caseId=550e8400e29b41d4a716446655440000",
        "caseId=550e8400-e29b-41d4-a716-446655440000%0A",
        "caseId=550e8400-e29b-41d4-a716-446655440000&caseId=550e8400-e29b-41d4-a716-446655440000",
        "type=",
        "type=PHI",
        "type=null",
        "type=phi,general",
        "type=phi&type=general",
        "limit=",
        "limit=0",
        "limit=-1",
        "limit=201",
        "limit=1e1",
        "limit=1.0",
        "limit=%D9%A1",
        "limit=2%0A",
        "limit=1&limit=1",
        "after=",
        "after=nonsense",
        "after=%00",
        "after=%C3%A9",
        f"after={'A' * 5000}",
    ],
)
async def test_a_query_that_is_not_exactly_right_is_refused(
    house: House, portal: httpx.AsyncClient, query: str
) -> None:
    patient = await signed_in_patient(house)

    answer = await portal.get(f"{FILES}?{query}", headers=patient.headers)

    assert refusal(answer) == NOT_VALID


async def test_parameters_of_others_are_let_be(house: House, portal: httpx.AsyncClient) -> None:
    patient = await signed_in_patient(house)

    answer = await portal.get(f"{FILES}?utm_source=mail&limit=200", headers=patient.headers)

    assert ids(answer) == []


async def test_a_list_is_recorded_in_the_audit(house: House, portal: httpx.AsyncClient) -> None:
    organization_id = await make_organization(house.db)
    patient = await signed_in_patient(house, organization_id)
    foreign = await make_case(house.db, organization_id)

    await portal.get(FILES, headers=patient.headers, params={"caseId": str(foreign.id)})

    async with house.db.transaction(organization_id) as tx:
        found = await tx.fetch_row(
            """select actor_kind, actor_id, case_id from audit_events
               where organization_id = $1 and action = 'files.listed' and outcome = 'refused'""",
            organization_id,
        )
    assert found is not None
    assert tuple(found) == ("patient", patient.user.id, foreign.id)
