import asyncio

import pytest

from casekeep.cases.model import CaseFacts
from casekeep.files.arranging import change_file
from casekeep.files.listing import list_case_files, list_patient_files
from casekeep.files.model import Category, FileChange, StoredFile
from casekeep.files.opening import open_by_url_path
from casekeep.files.removal import remove_file
from casekeep.identity.model import Actor, Clinician, Patient
from casekeep.kernel.errors import CaseNotVisible, FileNotVisible, InputNotValid, NothingToUpdate
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, FileId, new_id
from tests.files.room import KIB, Room, body, pdf
from tests.files.test_changing import add
from tests.support.factories import make_case, make_clinician, make_organization, make_patient


async def clinic(room: Room) -> tuple[Clinician, Patient, CaseFacts, CaseFacts]:
    """A clinician with two cases, of which the first has a patient."""
    clinician = await make_clinician(room.db, await make_organization(room.db))
    patient = await make_patient(room.db, clinician.organization_id)
    owned = {"clinician_id": clinician.user_id}
    first = await make_case(room.db, clinician.organization_id, patient_id=patient.user_id, **owned)
    return clinician, patient, first, await make_case(room.db, clinician.organization_id, **owned)


async def change(room: Room, actor: Actor, file_id: FileId, **of: object) -> StoredFile:
    return await change_file(room.db, room.audit, actor, file_id, FileChange(**of))  # type: ignore[arg-type]


async def listed(room: Room, actor: Actor, case: CaseFacts) -> tuple[StoredFile, ...]:
    return await list_case_files(room.db, room.audit, actor, case.id)


@pytest.mark.parametrize(
    "of",
    [
        {"name": "Befund.pdf"},
        {"category": Category.RADIOLOGY},
        {"is_phi": False},
        {"is_restricted": True},
        {"is_phi": False, "is_restricted": True, "name": "x.pdf"},
    ],
)
async def test_only_what_is_named_changes(room: Room, of: dict[str, object]) -> None:
    clinician, _, case, _ = await clinic(room)
    file = await add(room, clinician, case.id)
    changed = await change(room, clinician, file.id, **of)
    assert await listed(room, clinician, case) == (changed,)
    for name in StoredFile.__struct_fields__:
        assert getattr(changed, name) == of.get(name, getattr(file, name))


async def test_nothing_is_no_change_and_a_bad_name_is_none_either(room: Room) -> None:
    clinician, _, case, _ = await clinic(room)
    text = await add(room, clinician, case.id, b"del *.*\n", "notes.txt")
    with pytest.raises(NothingToUpdate):
        await change(room, clinician, text.id)
    for name in ("", " ", "x" * 256, "notes.bat"):
        with pytest.raises(InputNotValid):
            await change(room, clinician, text.id, name=name, is_phi=False)
    assert await listed(room, clinician, case) == (text,)


@pytest.mark.parametrize("by_number", [True, False])
async def test_a_file_moves_with_its_patient_and_keeps_its_url(room: Room, by_number: bool) -> None:
    clinician, patient, first, second = await clinic(room)
    file = await add(room, clinician, first.id)
    ref: CaseRef = second.number if by_number else second.id
    moved = await change(room, clinician, file.id, case=ref)
    assert (moved.case_id, moved.case_number, moved.patient_id) == (second.id, second.number, None)
    assert moved.url_path == file.url_path
    assert await listed(room, clinician, first) == ()
    assert await listed(room, clinician, second) == (moved,)
    assert (await list_patient_files(room.db, room.audit, patient)).files == ()
    opened = await open_by_url_path(room.db, room.audit, room.blobs, clinician, file.url_path)
    assert opened.file == moved
    with pytest.raises(FileNotVisible):
        await open_by_url_path(room.db, room.audit, room.blobs, patient, file.url_path)
    back = await change(room, clinician, file.id, case=first.id)
    assert (back.patient_id, back) == (patient.user_id, file)
    assert (await list_patient_files(room.db, room.audit, patient)).files == (file,)


async def test_a_path_is_not_given_again_after_a_move(room: Room) -> None:
    clinician, _, first, second = await clinic(room)
    moved = await change(room, clinician, (await add(room, clinician, first.id)).id, case=second.id)
    again = await add(room, clinician, first.id)
    there = await add(room, clinician, second.id)
    assert len({moved.url_path, again.url_path, there.url_path}) == 3


async def test_the_size_is_not_judged_by_the_new_category(room: Room) -> None:
    clinician, _, case, _ = await clinic(room)
    async with room.receiving.batch(clinician) as batch:
        await batch.receive("scan.pdf", body(pdf(size=200 * KIB)), Category.RADIOLOGY)
        (file,) = await batch.keep_in_case(
            case.id, category=Category.RADIOLOGY, is_phi=True, is_restricted=False
        )
    assert (await change(room, clinician, file.id, category=Category.LAB)).size == 200 * KIB


async def test_a_case_one_does_not_own_is_no_place_to_move_to(room: Room) -> None:
    clinician, _, first, second = await clinic(room)
    file = await add(room, clinician, first.id)
    colleagues = await make_case(room.db, clinician.organization_id)
    _, _, elsewhere, _ = await clinic(room)
    async with room.db.transaction(clinician.organization_id) as tx:
        await tx.execute(
            "update cases set deleted_at = now() where organization_id = $1 and id = $2",
            clinician.organization_id,
            second.id,
        )
    refs: list[CaseRef] = [
        colleagues.id, colleagues.number, elsewhere.id, second.id, CaseId(new_id()), CaseNumber(2),
    ]  # fmt: skip
    for ref in refs:
        with pytest.raises(CaseNotVisible):
            await change(room, clinician, file.id, case=ref, is_phi=False)
    assert await listed(room, clinician, first) == (file,)
    refused = [each for each in await room.events(clinician.organization_id) if "refused" in each]
    assert refused == [("file.changed", "refused")] * len(refs)


async def test_nobody_else_changes_a_file(room: Room) -> None:
    clinician, patient, case, _ = await clinic(room)
    file = await add(room, patient, case.id)
    removed = await add(room, clinician, case.id)
    await remove_file(room.db, room.audit, clinician, removed.id)
    stranger, _, _, _ = await clinic(room)
    colleague = await make_clinician(room.db, clinician.organization_id)
    asked = [
        (patient, file.id),
        (stranger, file.id),
        (colleague, file.id),
        (clinician, removed.id),
        (clinician, FileId(new_id())),
    ]
    for actor, file_id in asked:
        with pytest.raises(FileNotVisible):
            await change(room, actor, file_id, is_phi=False)
    assert await listed(room, clinician, case) == (file,)


async def test_moves_against_each_other_do_not_wait_for_ever(room: Room) -> None:
    clinician, _, first, second = await clinic(room)
    ones = [await add(room, clinician, first.id) for _ in range(3)]
    others = [await add(room, clinician, second.id) for _ in range(3)]
    async with asyncio.timeout(20):
        await asyncio.gather(
            *(change(room, clinician, file.id, case=second.id) for file in ones),
            *(change(room, clinician, file.id, case=first.id) for file in others),
            *(change(room, clinician, file.id, is_phi=False) for file in (*ones, *others)),
        )
    assert {file.id for file in await listed(room, clinician, first)} == {f.id for f in others}
    assert {file.id for file in await listed(room, clinician, second)} == {f.id for f in ones}


async def test_a_move_is_recorded_with_where_it_came_from(room: Room) -> None:
    clinician, _, first, second = await clinic(room)
    file = await add(room, clinician, first.id)
    await change(room, clinician, file.id, case=second.id)
    async with room.db.transaction(clinician.organization_id) as tx:
        row = await tx.fetch_row(
            """select case_id, file_id, details::jsonb ->> 'from_case' as came_from
               from audit_events where organization_id = $1 and action = 'file.changed'""",
            clinician.organization_id,
        )
    assert row is not None
    assert tuple(row) == (second.id, file.id, str(first.id))
