"""Files that are sealed at rest: any flipped bit of what lies in the store is found and never
handed out, and repairs put sealed bytes back as they were.
"""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casekeep.blobs.local import LocalStore
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.store import BlobAltered, BlobKey, StoreUnavailable
from casekeep.blobs.vault import Vault
from casekeep.files.receiving import Receiving
from casekeep.files.verifying.model import Checked
from casekeep.files.verifying.repairing import Repairing, Replica
from casekeep.kernel.ids import FileId, new_id
from tests.blobs.contract import keep, read_all
from tests.files.room import LIMITS, Room
from tests.files.verifying.house import Shelf, counts, flip, make_shelf
from tests.files.verifying.test_verifying import later
from tests.support.house import deployment_keys


def fresh_vault(room: Room, store: LocalStore | None = None) -> Vault:
    """What opens the room's files, and remembers nothing of them."""
    return Vault(store or room.blobs, OrganizationKeys(room.db, deployment_keys()))


def checked(shelf: Shelf) -> Checked:
    return Checked(shelf.room.db, fresh_vault(shelf.room), shelf.room.audit)


@pytest.fixture
async def sealed(room: Room) -> AsyncIterator[Shelf]:
    """Three files that were sealed as they arrived."""
    vault = fresh_vault(room)
    receiving = Receiving(room.db, vault, room.audit, LIMITS, room.receiver)
    made = await make_shelf(replace(room, receiving=receiving), 3)
    yield made
    await receiving.close()


@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_flipped_bit_is_found_and_never_served(
    sealed: Shelf, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, 2))
    path, file = sealed.path(at), sealed.files[at]
    offset = data.draw(st.integers(0, path.stat().st_size - 1))
    bit = data.draw(st.integers(0, 7))
    flip(path, offset, bit)
    try:
        report = await sealed.verify(checked=checked(sealed))
        assert counts(report) == {"altered": 1}
        assert [each.file_id for each in report.found] == [file.id]
        with pytest.raises(BlobAltered):
            await read_all(fresh_vault(sealed.room), sealed.key(at), 0, file.size)
    finally:
        flip(path, offset, bit)
    assert (await sealed.verify(checked=checked(sealed))).is_clean


@pytest.mark.parametrize("left", [0, 1, 60, -1])
async def test_what_was_cut_off_is_found_without_reading(sealed: Shelf, left: int) -> None:
    sealed.path().write_bytes(sealed.path().read_bytes()[:left])
    report = await sealed.verify(checked=checked(sealed), deep=False)
    assert sum(report.damaged.values()) == 1
    with pytest.raises((BlobAltered, StoreUnavailable)):
        await read_all(fresh_vault(sealed.room), sealed.key(), 0, sealed.files[0].size)


async def test_sealed_bytes_are_put_back_as_they_were(sealed: Shelf, tmp_path: Path) -> None:
    room = sealed.room
    replica = Path(shutil.copytree(room.root, tmp_path / "replica"))
    contents = [sealed.path(at).read_bytes() for at in range(3)]
    flip(sealed.path(0), 50)
    sealed.path(1).unlink()
    flip(sealed.path(2), 60)
    flip(replica / sealed.path(2).relative_to(room.root), 61)
    scratch = LocalStore(tmp_path / "repairs")
    repairing = Repairing(
        room.blobs,
        Replica(LocalStore(replica), scratch, lambda store: fresh_vault(room, store)),
    )

    report = await sealed.verify(checked=checked(sealed), repairing=repairing)

    assert counts(report) == {"altered": 1}
    assert report.repaired == 2
    assert [sealed.path(at).read_bytes() for at in range(2)] == contents[:2]
    assert [each.file_id for each in report.found if not each.repaired] == [sealed.files[2].id]


async def test_bytes_of_nobody_have_no_seal_and_are_found(sealed: Shelf) -> None:
    key = BlobKey(sealed.organization_id, FileId(new_id()))
    await keep(sealed.room.blobs, key, b"of nobody")
    parts = replace(later(sealed, hours=25), blobs=fresh_vault(sealed.room))
    report = await sealed.verify(checked=parts)
    assert counts(report) == {"orphaned": 1}
    report = await sealed.verify(checked=parts, repairing=Repairing(sealed.room.blobs, None))
    assert (report.is_clean, report.repaired) == (True, 1)
