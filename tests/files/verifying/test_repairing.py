"""Repairs put back exactly what was received, or leave everything as it is."""

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from casekeep.blobs.store import BlobKey
from casekeep.files.verifying.model import Checked
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import FileId, OrganizationId, new_id
from tests.blobs.contract import keep
from tests.files.verifying.house import Shelf, counts, flip, repairing_from


@pytest.fixture
def replica(shelf: Shelf, tmp_path: Path) -> Path:
    """A copy of the blobs, as rsync would make it."""
    return Path(shutil.copytree(shelf.room.root, tmp_path / "replica"))


async def test_every_damage_is_mended_from_a_replica(shelf: Shelf, replica: Path) -> None:
    contents = [shelf.path(at).read_bytes() for at in range(3)]
    shelf.path(0).unlink()
    shelf.path(1).write_bytes(contents[1][:5])
    flip(shelf.path(2), 11)

    report = await shelf.verify(repairing=repairing_from(shelf.room, replica))

    assert report.is_clean
    assert report.repaired == 3
    assert [shelf.path(at).read_bytes() for at in range(3)] == contents
    assert [mended for _, _, mended in await shelf.findings()] == [True] * 3
    assert [word for word, _ in await shelf.recorded()].count("file.repaired") == 3
    assert not [each for each in (shelf.room.root.parent / "repairs").rglob("*") if each.is_file()]


@pytest.mark.parametrize("how", ["altered", "truncated", "missing", "none"])
async def test_a_replica_that_is_no_better_replaces_nothing(
    shelf: Shelf, replica: Path, how: str
) -> None:
    flip(shelf.path(), 3)
    damaged = shelf.path().read_bytes()
    copy = replica / shelf.path().relative_to(shelf.room.root)
    match how:
        case "altered":
            flip(copy, 20)
        case "truncated":
            copy.write_bytes(copy.read_bytes()[:-1])
        case "missing":
            copy.unlink()
    repairing = repairing_from(shelf.room, None if how == "none" else replica)

    report = await shelf.verify(repairing=repairing)

    assert counts(report) == {"altered": 1}
    assert report.repaired == 0
    assert shelf.path().read_bytes() == damaged
    assert await shelf.room.keys(shelf.organization_id) == {shelf.key(at) for at in range(3)}


async def test_a_repair_that_was_cut_off_is_no_obstacle(shelf: Shelf, replica: Path) -> None:
    content = shelf.path().read_bytes()
    flip(shelf.path(), 3)
    shelf.path().with_name(f"{shelf.path().name}.beside").write_bytes(b"half of it")
    await keep(repairing_from(shelf.room, replica).replica.scratch, shelf.key(), b"half of it")
    assert (await shelf.verify(repairing=repairing_from(shelf.room, replica))).is_clean
    assert shelf.path().read_bytes() == content


async def test_bytes_of_nobody_go_once_they_are_a_day_old(shelf: Shelf) -> None:
    key = BlobKey(shelf.organization_id, FileId(new_id()))
    await keep(shelf.room.blobs, key, b"of nobody")
    repairing, room = repairing_from(shelf.room, None), shelf.room

    def later(hours: float) -> Checked:
        return Checked(room.db, room.blobs, room.audit, lambda: utc_now() + timedelta(hours=hours))

    report = await shelf.verify(repairing=repairing, checked=later(23))
    assert counts(report) == {"orphaned": 1}
    assert key in await room.keys(shelf.organization_id)
    report = await shelf.verify(repairing=repairing, checked=later(25))
    assert report.is_clean
    assert report.repaired == 1
    assert key not in await room.keys(shelf.organization_id)
    assert await shelf.findings() == [(key.file_id, "orphaned", True)]
    words = [("file.damaged", key.file_id), ("file.repaired", key.file_id)]
    assert await shelf.recorded() == words


async def test_only_repair_removes(shelf: Shelf) -> None:
    key = BlobKey(shelf.organization_id, FileId(uuid4()))
    await keep(shelf.room.blobs, key, b"of nobody")
    await shelf.verify()
    assert key in await shelf.room.keys(shelf.organization_id)


async def test_bytes_of_no_organisation_are_of_nobody(shelf: Shelf) -> None:
    key = BlobKey(OrganizationId(uuid4()), FileId(uuid4()))
    await keep(shelf.room.blobs, key, b"of nobody")
    repairing = repairing_from(shelf.room, None)
    assert await repairing.remove_orphan(shelf.checked, key, has_home=False)
    assert key not in await shelf.room.keys(key.organization_id)
