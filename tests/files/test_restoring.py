import asyncio

import pytest

from casekeep.cases.removal import remove_case, restore_case
from casekeep.files.listing import list_case_files, list_patient_files
from casekeep.files.model import StoredFile, Trash
from casekeep.files.opening import open_by_url_path
from casekeep.files.removal import remove_file
from casekeep.files.restoring import list_trash, restore_file
from casekeep.files.showing import show_case
from casekeep.identity.model import Actor
from casekeep.kernel.errors import CaseNotVisible, FileNotVisible, RoleNotAllowed
from casekeep.kernel.ids import FileId, new_id
from tests.files.room import Room
from tests.files.test_arranging import clinic, listed
from tests.files.test_changing import add
from tests.support.factories import make_administrator, make_clinician


async def trash(room: Room, actor: Actor) -> Trash:
    return await list_trash(room.db, room.audit, actor)


async def restore(room: Room, actor: Actor, file_id: FileId) -> StoredFile:
    return await restore_file(room.db, room.audit, actor, file_id)


async def remove(room: Room, actor: Actor, file: StoredFile) -> None:
    await remove_file(room.db, room.audit, actor, file.id)


async def test_a_restored_file_is_as_it_was_and_where_it_was(room: Room) -> None:
    clinician, patient, case, _ = await clinic(room)
    files = [await add(room, clinician, case.id) for _ in range(3)]
    await remove(room, clinician, files[1])
    assert await trash(room, clinician) == Trash((), (files[1],))
    assert await restore(room, clinician, files[1].id) == files[1]
    assert await listed(room, clinician, case) == tuple(files)
    mine = await list_patient_files(room.db, room.audit, patient)
    assert mine.files == tuple(files[::-1])
    await open_by_url_path(room.db, room.audit, room.blobs, clinician, files[1].url_path)
    assert await trash(room, clinician) == Trash((), ())
    with pytest.raises(FileNotVisible):
        await restore(room, clinician, files[1].id)


async def test_what_a_patient_removed_the_clinician_brings_back(room: Room) -> None:
    clinician, patient, case, _ = await clinic(room)
    file = await add(room, patient, case.id)
    await remove(room, patient, file)
    with pytest.raises(FileNotVisible):
        await restore(room, patient, file.id)
    assert (await trash(room, clinician)).files == (file,)
    assert await restore(room, clinician, file.id) == file


async def test_nobody_else_brings_a_file_back(room: Room) -> None:
    clinician, _, case, _ = await clinic(room)
    file = await add(room, clinician, case.id)
    live = await add(room, clinician, case.id)
    await remove(room, clinician, file)
    stranger, _, _, _ = await clinic(room)
    colleague = await make_clinician(room.db, clinician.organization_id)
    asked: list[tuple[Actor, FileId]] = [
        (stranger, file.id),
        (colleague, file.id),
        (await make_administrator(room.db, clinician.organization_id), file.id),
        (clinician, live.id),
        (clinician, FileId(new_id())),
    ]
    for actor, file_id in asked:
        with pytest.raises(FileNotVisible):
            await restore(room, actor, file_id)
    assert await trash(room, colleague) == await trash(room, stranger) == Trash((), ())
    refused = [each for each in await room.events(clinician.organization_id) if "refused" in each]
    assert refused == [("file.restored", "refused")] * 4


async def test_the_files_of_a_removed_case_go_and_come_with_it(room: Room) -> None:
    clinician, patient, case, _ = await clinic(room)
    kept, gone = [await add(room, clinician, case.id) for _ in range(2)]
    await remove(room, clinician, gone)
    await remove_case(room.db, room.audit, clinician, case.id)
    with pytest.raises(CaseNotVisible):
        await list_case_files(room.db, room.audit, clinician, case.id)
    with pytest.raises(CaseNotVisible):
        await show_case(room.db, room.audit, clinician, case.id)
    assert (await list_patient_files(room.db, room.audit, patient)).files == ()
    with pytest.raises(FileNotVisible):
        await open_by_url_path(room.db, room.audit, room.blobs, clinician, kept.url_path)
    found = await trash(room, clinician)
    assert ([each.id for each in found.cases], found.files) == ([case.id], ())
    for file in (kept, gone):
        with pytest.raises(FileNotVisible):
            await restore(room, clinician, file.id)
    await restore_case(room.db, room.audit, clinician, case.id)
    assert await listed(room, clinician, case) == (kept,)
    assert (await list_patient_files(room.db, room.audit, patient)).files == (kept,)
    assert await trash(room, clinician) == Trash((), (gone,))
    assert await restore(room, clinician, gone.id) == gone


async def test_the_newest_removal_comes_first(room: Room) -> None:
    clinician, _, first, second = await clinic(room)
    files = [await add(room, clinician, case.id) for case in (first, second, first)]
    for file in (files[2], files[0], files[1]):
        await remove(room, clinician, file)
    assert (await trash(room, clinician)).files == (files[1], files[0], files[2])
    for case in (second, first):
        await remove_case(room.db, room.audit, clinician, case.id)
    assert [case.id for case in (await trash(room, clinician)).cases] == [first.id, second.id]


async def test_one_of_two_restorations_at_once_finds_nothing(room: Room) -> None:
    clinician, _, case, _ = await clinic(room)
    file = await add(room, clinician, case.id)
    await remove(room, clinician, file)
    outcomes = await asyncio.gather(
        *(restore(room, clinician, file.id) for _ in range(4)), return_exceptions=True
    )
    assert [each for each in outcomes if not isinstance(each, FileNotVisible)] == [file]


async def test_only_a_clinician_has_a_trash(room: Room) -> None:
    clinician, patient, _, _ = await clinic(room)
    admin = await make_administrator(room.db, clinician.organization_id)
    for actor in (patient, admin):
        with pytest.raises(RoleNotAllowed):
            await trash(room, actor)
    assert await room.events(clinician.organization_id) == [("cases.listed", "refused")] * 2
