"""A check finds each kind of damage, writes it down once, and closes what is well again."""

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casekeep.blobs.store import BlobKey
from casekeep.files.model import Category
from casekeep.files.uploads.beginning import begin_upload
from casekeep.files.uploads.continuing import receive_part
from casekeep.files.uploads.ending import end_upload
from casekeep.files.uploads.kit import open_uploads
from casekeep.files.uploads.model import Arrival, NewUpload, UploadLimits
from casekeep.files.verifying import queries
from casekeep.files.verifying.model import Checked
from casekeep.identity.model import Clinician, Operator, Role
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import FileId, OrganizationId, new_id
from tests.blobs.contract import keep
from tests.files.room import Room, body, pdf
from tests.files.verifying.house import Shelf, counts, flip, make_shelf, repairing_from
from tests.support.factories import make_user

_FORGOTTEN = """state = 'purging', name = null, url_path = null, media_type = null, size = null,
    sha256 = null, patient_id = null, uploaded_by = null, answer_id = null,
    communication_id = null"""


def later(shelf: Shelf, **passed: float) -> Checked:
    """The same parts, some time later."""
    room = shelf.room
    return Checked(room.db, room.blobs, room.audit, lambda: utc_now() + timedelta(**passed))


async def test_a_store_that_is_well(shelf: Shelf) -> None:
    for deep in (False, True):
        report = await shelf.verify(deep=deep)
        assert report.is_clean
        assert report.files == 3
        assert report.bytes == (sum(file.size for file in shelf.files) if deep else 0)
    assert await shelf.findings() == await shelf.recorded() == []


async def test_missing_truncated_and_longer_ones_are_found_without_reading(shelf: Shelf) -> None:
    shelf.path(0).unlink()
    shelf.path(1).write_bytes(shelf.path(1).read_bytes()[:-1])
    with shelf.path(2).open("ab") as file:
        file.write(b"\n")

    report = await shelf.verify(deep=False)

    assert counts(report) == {"missing": 1, "truncated": 1, "altered": 1}
    ids = [file.id for file in shelf.files]
    assert await shelf.findings() == [
        (ids[0], "missing", False),
        (ids[1], "truncated", False),
        (ids[2], "altered", False),
    ]
    assert await shelf.recorded() == [("file.damaged", each) for each in ids]


async def test_what_cannot_be_read_is_found(shelf: Shelf, tmp_path: Path) -> None:
    """A link is what the store will not read, wherever it leads."""
    elsewhere = shelf.path().rename(tmp_path / "elsewhere")
    shelf.path().symlink_to(elsewhere)
    report = await shelf.verify()
    assert counts(report) == {"unreadable": 1}
    assert await shelf.findings() == [(shelf.files[0].id, "unreadable", False)]


@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_flipped_bit_is_found(shelf: Shelf, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, 2))
    offset = data.draw(st.integers(0, shelf.files[at].size - 1))
    bit = data.draw(st.integers(0, 7))
    flip(shelf.path(at), offset, bit)
    try:
        report = await shelf.verify()
        assert counts(report) == {"altered": 1}
        assert [each.file_id for each in report.found] == [shelf.files[at].id]
    finally:
        flip(shelf.path(at), offset, bit)
    assert (await shelf.verify()).is_clean


async def test_damage_is_written_down_once_and_closed_by_who_can_tell(shelf: Shelf) -> None:
    file_id, content = shelf.files[0].id, shelf.path().read_bytes()
    flip(shelf.path(), 7)
    for _ in range(2):
        await shelf.verify()
    assert await shelf.findings() == [(file_id, "altered", False)]
    assert await shelf.recorded() == [("file.damaged", file_id)]

    shelf.path().write_bytes(content)
    await shelf.verify(deep=False)  # which reads no byte
    assert await shelf.findings() == [(file_id, "altered", False)]
    await shelf.verify()
    assert await shelf.findings() == [(file_id, "altered", True)]

    flip(shelf.path(), 7)
    await shelf.verify()
    assert await shelf.findings() == [(file_id, "altered", False)]
    words = ["file.damaged", "file.repaired", "file.damaged"]
    assert await shelf.recorded() == [(word, file_id) for word in words]


async def test_a_file_that_is_destroyed_meanwhile_is_no_finding(shelf: Shelf) -> None:
    shelf.path().unlink()
    await shelf.verify()
    async with shelf.room.db.transaction(shelf.organization_id) as tx:
        await tx.execute("delete from files where id = $1", shelf.files[0].id)
    assert (await shelf.verify()).is_clean
    assert await shelf.findings() == [(shelf.files[0].id, "missing", True)]


async def test_bytes_of_nobody_are_found_once_they_are_an_hour_old(shelf: Shelf) -> None:
    key = BlobKey(shelf.organization_id, FileId(new_id()))
    await keep(shelf.room.blobs, key, b"of nobody")
    assert (await shelf.verify()).is_clean
    report = await shelf.verify(checked=later(shelf, hours=1.1))
    assert counts(report) == {"orphaned": 1}
    await shelf.room.blobs.delete(key)
    assert (await shelf.verify(checked=later(shelf, hours=1.2))).is_clean
    assert await shelf.findings() == [(key.file_id, "orphaned", True)]


async def test_what_a_killed_process_left_unfinished_is_bytes_too(shelf: Shelf) -> None:
    key = BlobKey(shelf.organization_id, FileId(new_id()))
    await keep(shelf.room.blobs, key, b"of nobody")
    path = shelf.room.blobs._path(key)
    path.rename(path.with_name(path.name + ".partial"))
    late = later(shelf, hours=30)
    assert counts(await shelf.verify(checked=late)) == {"orphaned": 1}
    report = await shelf.verify(checked=late, repairing=repairing_from(shelf.room, None))
    assert (report.is_clean, report.repaired) == (True, 1)
    assert await shelf.room.keys(shelf.organization_id) == {shelf.key(at) for at in range(3)}


async def test_an_upload_that_is_under_way_is_not_of_nobody(shelf: Shelf) -> None:
    async with shelf.room.receiving.batch(Operator(shelf.organization_id)) as batch:
        await batch.receive("arriving.pdf", body(pdf("Arriving")))
        report = await shelf.verify(checked=later(shelf, hours=30))
    assert report.is_clean
    assert report.files == 3


async def test_a_part_of_an_upload_is_not_of_nobody(shelf: Shelf) -> None:
    user_id = await make_user(shelf.room.db, shelf.organization_id, Role.CLINICIAN)
    actor, room = Clinician(shelf.organization_id, user_id), shelf.room
    limits = UploadLimits(size=1 << 20)
    kit = open_uploads(room.db, room.blobs, room.audit, limits, room.receiver)
    new = NewUpload("scan.pdf", None, None, Category.LAB, False, False, 1000, "")
    upload = await begin_upload(kit, actor, new)
    await receive_part(kit, actor, upload.id, Arrival(0, body(pdf()[:500])))
    assert (await shelf.verify(checked=later(shelf, hours=30))).is_clean
    await end_upload(kit, actor, upload.id)
    assert await room.keys(shelf.organization_id) == {shelf.key(at) for at in range(3)}


async def test_bytes_of_a_purged_file_are_of_nobody(shelf: Shelf) -> None:
    """As when they come back with a disk that was away."""
    async with shelf.room.db.transaction(shelf.organization_id) as tx:
        for step in ("deleted_at = now()", _FORGOTTEN, "state = 'purged'"):
            await tx.execute(f"update files set {step} where id = $1", shelf.files[0].id)
            if step == _FORGOTTEN:
                assert await queries.owned_among(tx, [shelf.files[0].id])
    report = await shelf.verify(checked=later(shelf, hours=30))
    assert counts(report) == {"orphaned": 1}
    assert [each.file_id for each in report.found] == [shelf.files[0].id]


async def test_ids_without_a_time_are_taken_for_old(shelf: Shelf) -> None:
    await keep(shelf.room.blobs, BlobKey(shelf.organization_id, FileId(uuid4())), b"of nobody")
    assert counts(await shelf.verify()) == {"orphaned": 1}


async def test_another_organisation_is_left_alone(room: Room, shelf: Shelf) -> None:
    other = await make_shelf(room)
    other.path().unlink()
    stray = BlobKey(OrganizationId(new_id()), FileId(uuid4()))
    await keep(room.blobs, stray, b"of no organisation")
    assert (await shelf.verify()).is_clean
    assert await other.findings() == []


async def test_a_page_after_another(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casekeep.files.verifying.verifying._AT_ONCE", 2)
    monkeypatch.setattr("casekeep.files.verifying.walking._KEYS_AT_ONCE", 2)
    shelf = await make_shelf(room, 5)
    for each in (room.root / str(shelf.organization_id)).iterdir():
        shutil.rmtree(each)
    report = await shelf.verify()
    assert report.files == 5
    assert counts(report) == {"missing": 5}
