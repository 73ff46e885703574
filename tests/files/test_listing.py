import asyncio
from base64 import urlsafe_b64encode
from dataclasses import dataclass

import pytest

from casekeep.cases.model import CaseFacts
from casekeep.files.listing import list_case_files, list_patient_files
from casekeep.files.removal import remove_file
from casekeep.identity.model import Actor, Clinician, Operator, Partner, Patient
from casekeep.kernel.errors import CaseNotVisible, InputNotValid
from casekeep.kernel.ids import ApiKeyId, CaseId, CaseNumber, CaseRef, FileId, new_id
from tests.files.room import Room
from tests.support.factories import (
    make_administrator,
    make_case,
    make_clinician,
    make_file_row,
    make_organization,
    make_patient,
)


@dataclass(frozen=True)
class Clinic:
    """One clinician with one patient and two cases of theirs."""

    clinician: Clinician
    patient: Patient
    first: CaseFacts
    second: CaseFacts


async def make_clinic(room: Room) -> Clinic:
    organization_id = await make_organization(room.db)
    clinician = await make_clinician(room.db, organization_id)
    patient = await make_patient(room.db, organization_id)
    people = {"clinician_id": clinician.user_id, "patient_id": patient.user_id}
    first = await make_case(room.db, organization_id, **people)
    second = await make_case(room.db, organization_id, **people)
    return Clinic(clinician, patient, first, second)


async def change(room: Room, clinic: Clinic, sql: str, *arguments: object) -> None:
    async with room.db.transaction(clinic.clinician.organization_id) as tx:
        await tx.execute(sql, tx.organization_id, *arguments)


async def delete_case(room: Room, clinic: Clinic, case: CaseFacts) -> None:
    await change(
        room,
        clinic,
        "update cases set deleted_at = now() where organization_id = $1 and id = $2",
        case.id,
    )


async def case_ids(room: Room, actor: Actor, ref: CaseRef) -> list[FileId]:
    return [file.id for file in await list_case_files(room.db, room.audit, actor, ref)]


async def patient_ids(room: Room, patient: Patient, **wanted: object) -> list[FileId]:
    page = await list_patient_files(room.db, room.audit, patient, **wanted)  # type: ignore[arg-type]
    return [file.id for file in page.files]


async def test_a_case_is_listed_in_upload_order(room: Room) -> None:
    clinic = await make_clinic(room)
    ids = [await make_file_row(room.db, clinic.first, name=name) for name in ("z", "a", "m")]
    await make_file_row(room.db, clinic.second)
    organization_id = clinic.clinician.organization_id
    partner = Partner(organization_id, ApiKeyId(new_id()))
    for actor in (clinic.clinician, clinic.patient, partner, Operator(organization_id)):
        assert await case_ids(room, actor, clinic.first.id) == ids
        assert await case_ids(room, actor, clinic.first.number) == ids


async def test_files_of_one_moment_are_listed_in_the_order_of_their_ids(room: Room) -> None:
    clinic = await make_clinic(room)
    ids = [await make_file_row(room.db, clinic.first) for _ in range(5)]
    await change(
        room, clinic, "update files set created_at = '2026-03-04' where organization_id = $1"
    )
    assert await case_ids(room, clinic.clinician, clinic.first.id) == ids
    assert await patient_ids(room, clinic.patient) == ids[::-1]


async def test_what_is_listed_is_what_is_stored(room: Room) -> None:
    clinic = await make_clinic(room)
    file_id = await make_file_row(room.db, clinic.first, name="Лаб.pdf", is_phi=False)
    (file,) = await list_case_files(room.db, room.audit, clinic.clinician, clinic.first.id)
    assert (file.id, file.name, file.is_phi) == (file_id, "Лаб.pdf", False)
    assert (file.case_id, file.case_number) == (clinic.first.id, clinic.first.number)
    assert file.uploaded_by is not None
    assert (file.uploaded_by.first_name, file.uploaded_by.last_name) == ("Test", "Clinician")
    assert file.created_at.tzinfo is not None
    page = await list_patient_files(room.db, room.audit, clinic.patient)
    assert page.files == (file,)


async def test_only_stored_files_that_nobody_removed_are_listed(room: Room) -> None:
    clinic = await make_clinic(room)
    kept = await make_file_row(room.db, clinic.first)
    gone = await make_file_row(room.db, clinic.first)
    await remove_file(room.db, room.audit, clinic.clinician, gone)
    for state in ("receiving", "discarded"):
        await make_file_row(room.db, clinic.first, state=state)
    assert await case_ids(room, clinic.clinician, clinic.first.id) == [kept]
    assert await patient_ids(room, clinic.patient) == [kept]
    assert await patient_ids(room, clinic.patient, case_id=clinic.first.id) == [kept]


async def test_an_empty_case_and_a_patient_without_cases_have_empty_lists(room: Room) -> None:
    clinic = await make_clinic(room)
    assert await case_ids(room, clinic.clinician, clinic.first.number) == []
    assert await patient_ids(room, clinic.patient, case_id=clinic.first.id) == []
    newcomer = await make_patient(room.db, clinic.clinician.organization_id)
    assert await patient_ids(room, newcomer) == []


async def test_absent_deleted_and_foreign_cases_are_one_answer_and_one_record(room: Room) -> None:
    clinic, elsewhere = await make_clinic(room), await make_clinic(room)
    organization_id = clinic.clinician.organization_id
    for case in (clinic.first, clinic.second, elsewhere.first):
        await make_file_row(room.db, case)
    await delete_case(room, clinic, clinic.second)
    actors: list[tuple[Actor, list[CaseRef]]] = [
        (clinic.clinician, [clinic.second.id, clinic.second.number]),
        (await make_clinician(room.db, organization_id), [clinic.first.id, clinic.first.number]),
        (await make_patient(room.db, organization_id), [clinic.first.id, clinic.first.number]),
        (await make_administrator(room.db, organization_id), [clinic.first.id]),
        (Partner(organization_id, ApiKeyId(new_id())), [clinic.second.id, elsewhere.first.id]),
        (Operator(organization_id), [clinic.second.id, elsewhere.first.id]),
        (
            clinic.clinician,
            [elsewhere.first.id, CaseId(new_id()), CaseNumber(1), CaseNumber(2**70)],
        ),
    ]
    asked = 0
    for actor, refs in actors:
        for ref in refs:
            asked += 1
            with pytest.raises(CaseNotVisible):
                await list_case_files(room.db, room.audit, actor, ref)
    assert await room.events(organization_id) == [("files.listed", "refused")] * asked


async def test_a_patient_lists_all_their_cases_newest_first(room: Room) -> None:
    clinic = await make_clinic(room)
    other = await make_patient(room.db, clinic.clinician.organization_id)
    others = await make_case(room.db, clinic.clinician.organization_id, patient_id=other.user_id)
    ids = [
        await make_file_row(room.db, case) for case in (clinic.first, clinic.second, clinic.first)
    ]
    await make_file_row(room.db, others)
    assert await patient_ids(room, clinic.patient) == ids[::-1]
    assert await patient_ids(room, clinic.patient, case_id=clinic.first.id) == [ids[2], ids[0]]
    for case_id in (others.id, CaseId(new_id())):
        with pytest.raises(CaseNotVisible):
            await patient_ids(room, clinic.patient, case_id=case_id)
    await delete_case(room, clinic, clinic.first)
    assert await patient_ids(room, clinic.patient) == [ids[1]]
    assert await patient_ids(room, clinic.patient, limit=1) == [ids[1]]
    with pytest.raises(CaseNotVisible):
        await patient_ids(room, clinic.patient, case_id=clinic.first.id)


async def test_health_data_and_the_rest_are_told_apart(room: Room) -> None:
    clinic = await make_clinic(room)
    general = await make_file_row(room.db, clinic.first, is_phi=False)
    phi = await make_file_row(room.db, clinic.first, is_phi=True)
    for case_id in (None, clinic.first.id):
        assert await patient_ids(room, clinic.patient, case_id=case_id, phi=True) == [phi]
        assert await patient_ids(room, clinic.patient, case_id=case_id, phi=False) == [general]


async def test_restricted_files_are_listed_until_the_organisation_hides_them(room: Room) -> None:
    clinic = await make_clinic(room)
    free = await make_file_row(room.db, clinic.first)
    restricted = await make_file_row(room.db, clinic.first)
    await change(
        room,
        clinic,
        "update files set is_restricted = true where organization_id = $1 and id = $2",
        restricted,
    )
    for case_id in (None, clinic.first.id):
        assert await patient_ids(room, clinic.patient, case_id=case_id) == [restricted, free]
    await change(
        room, clinic, "update organizations set hides_restricted_files = true where id = $1"
    )
    for case_id in (None, clinic.first.id):
        assert await patient_ids(room, clinic.patient, case_id=case_id) == [free]
    assert await case_ids(room, clinic.patient, clinic.first.id) == [free]
    assert await case_ids(room, clinic.clinician, clinic.first.id) == [free, restricted]


@pytest.mark.parametrize("in_one_case", [True, False])
async def test_pages_hold_every_file_once(room: Room, in_one_case: bool) -> None:
    clinic = await make_clinic(room)
    ids = [await make_file_row(room.db, clinic.first) for _ in range(7)]
    await change(
        room,
        clinic,
        """update files set created_at = '2026-03-04 10:30:15.123456+00'
           where organization_id = $1 and id = any($2)""",
        ids[2:6],
    )
    case_id = clinic.first.id if in_one_case else None
    whole = await patient_ids(room, clinic.patient, case_id=case_id)
    for limit in (1, 2, 3, 7, 200):
        seen: list[FileId] = []
        after: str | None = None
        while True:
            page = await list_patient_files(
                room.db, room.audit, clinic.patient, case_id=case_id, limit=limit, after=after
            )
            seen += [file.id for file in page.files]
            assert len(page.files) <= limit
            after = page.next_after
            if after is None:
                break
        assert seen == whole
    assert sorted(whole) == sorted(ids)


@pytest.mark.parametrize(
    "wanted",
    [
        {"limit": 0},
        {"limit": 201},
        {"after": "x"},
        {"after": ""},
        {"after": "ä"},
        {"after": "!!!!"},
        {"after": urlsafe_b64encode(b"\x7f" * 24).decode()},
    ],
)
async def test_a_page_that_cannot_be_is_refused(room: Room, wanted: dict[str, object]) -> None:
    clinic = await make_clinic(room)
    with pytest.raises(InputNotValid):
        await patient_ids(room, clinic.patient, **wanted)


async def test_a_list_is_in_the_audit(room: Room) -> None:
    clinic = await make_clinic(room)
    await make_file_row(room.db, clinic.first)
    await case_ids(room, clinic.clinician, clinic.first.number)
    await patient_ids(room, clinic.patient)
    await room.audit.close()
    async with room.db.transaction(clinic.clinician.organization_id) as tx:
        rows = await tx.fetch(
            """select action, actor_id, case_id, details->>'count' as count from audit_events
               where organization_id = $1 order by occurred_at, id""",
            tx.organization_id,
        )
    assert [tuple(row.values()) for row in rows] == [
        ("files.listed", clinic.clinician.user_id, clinic.first.id, "1"),
        ("files.listed", clinic.patient.user_id, None, "1"),
    ]


async def test_lists_at_once_do_not_mix(room: Room) -> None:
    clinics = [await make_clinic(room) for _ in range(4)]
    ids = [await make_file_row(room.db, clinic.first) for clinic in clinics]

    async def both(clinic: Clinic, file_id: FileId) -> None:
        assert await case_ids(room, clinic.clinician, clinic.first.number) == [file_id]
        assert await patient_ids(room, clinic.patient) == [file_id]

    pairs = list(zip(clinics, ids, strict=True)) * 25
    await asyncio.gather(*(both(clinic, file_id) for clinic, file_id in pairs))
