import asyncio

import pytest

from casekeep.files.listing import list_case_files
from casekeep.files.model import Category, StoredFile
from casekeep.files.opening import open_by_url_path
from casekeep.files.removal import remove_file
from casekeep.files.renaming import rename_file
from casekeep.identity.model import Actor, Clinician, Patient
from casekeep.kernel.errors import FileNotVisible, InputNotValid
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, FileId, new_id
from tests.files.room import Room, body, pdf
from tests.support.factories import make_case, make_clinician, make_organization, make_patient


async def people(room: Room) -> tuple[Clinician, Patient, CaseId]:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    patient = await make_patient(room.db, clinician.organization_id)
    case = await make_case(
        room.db,
        clinician.organization_id,
        clinician_id=clinician.user_id,
        patient_id=patient.user_id,
    )
    return clinician, patient, case.id


async def add(
    room: Room, actor: Actor, case_id: CaseId, content: bytes = pdf(), name: str = "report.pdf"
) -> StoredFile:
    async with room.receiving.batch(actor) as batch:
        await batch.receive(name, body(content), Category.LAB)
        (file,) = await batch.keep_in_case(
            case_id, category=Category.LAB, is_phi=True, is_restricted=False
        )
    return file


async def remove(room: Room, actor: Actor, file_id: FileId, case: CaseRef | None = None) -> None:
    await remove_file(room.db, room.audit, actor, file_id, case)


async def rename(room: Room, actor: Actor, file_id: FileId, name: str) -> StoredFile:
    return await rename_file(room.db, room.audit, actor, file_id, name)


async def test_a_removed_file_is_gone_for_all_and_its_row_and_bytes_stay(room: Room) -> None:
    clinician, _, case_id = await people(room)
    file = await add(room, clinician, case_id)
    await remove(room, clinician, file.id)
    assert await list_case_files(room.db, room.audit, clinician, case_id) == ()
    with pytest.raises(FileNotVisible):
        await remove(room, clinician, file.id)
    (row,) = await room.rows(clinician.organization_id)
    assert row["deleted_by"] == clinician.user_id
    assert row["deleted_at"] is not None
    assert len(await room.keys(clinician.organization_id)) == 1
    assert await room.events(clinician.organization_id) == [
        ("file.received", "done"),
        ("file.removed", "done"),
        ("file.removed", "refused"),
    ]


async def test_one_of_two_removals_at_once_finds_nothing(room: Room) -> None:
    clinician, _, case_id = await people(room)
    file = await add(room, clinician, case_id)
    outcomes = await asyncio.gather(
        *(remove(room, clinician, file.id) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        *["FileNotVisible"] * 3,
        "NoneType",
    ]


async def test_the_case_that_is_named_must_be_the_files(room: Room) -> None:
    clinician, _, case_id = await people(room)
    other = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)
    first, second = await add(room, clinician, case_id), await add(room, clinician, case_id)
    refs: list[CaseRef] = [other.id, other.number, CaseId(new_id()), CaseNumber(5)]
    for ref in refs:
        with pytest.raises(FileNotVisible):
            await remove(room, clinician, first.id, ref)
    assert first.case_number is not None
    await remove(room, clinician, first.id, first.case_number)
    await remove(room, clinician, second.id, case_id)
    assert await list_case_files(room.db, room.audit, clinician, case_id) == ()


async def test_a_patient_changes_only_what_they_added(room: Room) -> None:
    clinician, patient, case_id = await people(room)
    theirs, mine = await add(room, clinician, case_id), await add(room, patient, case_id)
    with pytest.raises(FileNotVisible):
        await remove(room, patient, theirs.id)
    with pytest.raises(FileNotVisible):
        await rename(room, patient, theirs.id, "x.pdf")
    assert (await rename(room, patient, mine.id, "mine.pdf")).name == "mine.pdf"
    await remove(room, patient, mine.id)
    assert await list_case_files(room.db, room.audit, clinician, case_id) == (theirs,)


async def test_nobody_else_changes_a_file(room: Room) -> None:
    clinician, _, case_id = await people(room)
    file = await add(room, clinician, case_id)
    stranger, _, _ = await people(room)
    for actor in (
        await make_clinician(room.db, clinician.organization_id),
        await make_patient(room.db, clinician.organization_id),
        stranger,
    ):
        with pytest.raises(FileNotVisible):
            await remove(room, actor, file.id)
        with pytest.raises(FileNotVisible):
            await rename(room, actor, file.id, "x.pdf")
    assert await list_case_files(room.db, room.audit, clinician, case_id) == (file,)


async def test_a_new_name_changes_the_label_and_nothing_else(room: Room) -> None:
    clinician, _, case_id = await people(room)
    file = await add(room, clinician, case_id)
    renamed = await rename(room, clinician, file.id, " ../Blut\u202ebild 2026.pdf ")
    assert renamed.name == "Blutbild 2026.pdf"
    assert renamed.url_path == file.url_path
    assert await list_case_files(room.db, room.audit, clinician, case_id) == (renamed,)
    opened = await open_by_url_path(room.db, room.audit, room.blobs, clinician, file.url_path)
    assert opened.file == renamed
    assert ("file.renamed", "done") in await room.events(clinician.organization_id)


@pytest.mark.parametrize("name", ["", "   ", "x" * 256])
async def test_a_name_has_1_to_255_characters(room: Room, name: str) -> None:
    clinician, _, case_id = await people(room)
    file = await add(room, clinician, case_id)
    with pytest.raises(InputNotValid):
        await rename(room, clinician, file.id, name)
    assert (await rename(room, clinician, file.id, "x" * 255)).name == "x" * 255


async def test_text_does_not_become_a_program_by_its_name(room: Room) -> None:
    clinician, _, case_id = await people(room)
    text = await add(room, clinician, case_id, b"del *.*\n", "notes.txt")
    with pytest.raises(InputNotValid):
        await rename(room, clinician, text.id, "notes.bat")
    assert (await rename(room, clinician, text.id, "notes.md")).name == "notes.md"
