import pytest

from casekeep.blobs.store import BlobMissing
from casekeep.files.finding import find_file
from casekeep.files.model import Category, StoredFile
from casekeep.files.opening import OpenFile, open_by_url_path
from casekeep.files.removal import remove_file
from casekeep.identity.model import Actor, Clinician
from casekeep.kernel.errors import FileNotVisible
from tests.files.room import Room, body, pdf
from tests.support.factories import (
    make_administrator,
    make_case,
    make_clinician,
    make_organization,
    make_patient,
)

CONTENT = pdf("Blood count")


async def one_file(room: Room, name: str = "report.pdf") -> tuple[Clinician, StoredFile]:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    patient = await make_patient(room.db, clinician.organization_id)
    case = await make_case(
        room.db,
        clinician.organization_id,
        clinician_id=clinician.user_id,
        patient_id=patient.user_id,
    )
    async with room.receiving.batch(clinician) as batch:
        await batch.receive(name, body(CONTENT), Category.LAB)
        (file,) = await batch.keep_in_case(
            case.id, category=Category.LAB, is_phi=True, is_restricted=False
        )
    return clinician, file


async def by_url(room: Room, actor: Actor, url_path: str) -> OpenFile:
    return await open_by_url_path(room.db, room.audit, room.blobs, actor, url_path)


async def read(opened: OpenFile, start: int, length: int) -> bytes:
    return b"".join([piece async for piece in opened.read(start, length)])


async def test_an_open_file_gives_its_bytes_and_any_part_of_them(room: Room) -> None:
    clinician, file = await one_file(room)
    opened = await by_url(room, clinician, file.url_path)
    assert opened.file == file
    assert await read(opened, 0, file.size) == CONTENT
    assert await read(opened, 5, 10) == CONTENT[5:15]


async def test_that_it_was_opened_is_recorded_before_the_first_byte(room: Room) -> None:
    clinician, file = await one_file(room)
    opened = await by_url(room, clinician, file.url_path)
    assert await room.events(clinician.organization_id) == [
        ("file.received", "done"),
        ("file.opened", "done"),
    ]
    assert await read(opened, 0, 4) == b"%PDF"


async def test_nobody_else_opens_or_finds_it_and_every_try_is_recorded(room: Room) -> None:
    clinician, file = await one_file(room)
    organization_id = clinician.organization_id
    stranger, _ = await one_file(room, "another.pdf")
    removed_by, removed = await one_file(room)
    await remove_file(room.db, room.audit, removed_by, removed.id)
    tries: list[tuple[Actor, StoredFile]] = [
        (await make_clinician(room.db, organization_id), file),
        (await make_patient(room.db, organization_id), file),
        (await make_administrator(room.db, organization_id), file),
        (stranger, file),
        (removed_by, removed),
    ]
    for actor, target in tries:
        with pytest.raises(FileNotVisible):
            await by_url(room, actor, target.url_path)
        with pytest.raises(FileNotVisible):
            await find_file(room.db, room.audit, actor, target.id)
        recorded = await room.events(actor.organization_id)
        assert recorded[-2:] == [
            ("file.opened", "refused"),
            ("file.shown", "refused"),
        ]


@pytest.mark.parametrize(
    "url_path", ["", "/", "/files/1/nothing.pdf", "/files/1/\0.pdf", "\ud800", "x" * 9000]
)
async def test_a_path_of_no_file_is_not_visible(room: Room, url_path: str) -> None:
    clinician, _ = await one_file(room)
    with pytest.raises(FileNotVisible):
        await by_url(room, clinician, url_path)


@pytest.mark.parametrize("name", ["क्\u200dष.pdf", "検査 結果.pdf", "100% #1?.pdf", "a\u202eb.pdf"])
async def test_every_name_has_a_path_that_opens(room: Room, name: str) -> None:
    clinician, file = await one_file(room, name)
    assert (await by_url(room, clinician, file.url_path)).file.id == file.id


async def test_finding_shows_no_bytes_and_is_noted(room: Room) -> None:
    clinician, file = await one_file(room)
    assert await find_file(room.db, room.audit, clinician, file.id) == file
    await room.audit.close()
    assert ("file.shown", "done") in await room.events(clinician.organization_id)


async def test_bytes_that_are_gone_are_told(room: Room) -> None:
    clinician, file = await one_file(room)
    (key,) = await room.keys(clinician.organization_id)
    await room.blobs.delete(key)
    opened = await by_url(room, clinician, file.url_path)
    with pytest.raises(BlobMissing):
        await read(opened, 0, 1)
