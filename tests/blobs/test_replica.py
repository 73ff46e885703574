"""A replica in a folder: what is not there deletes nothing, and says so."""

from pathlib import Path

import pytest

from casekeep.blobs.replica import ReplicaFolder
from casekeep.blobs.store import StoreUnavailable
from tests.blobs.contract import fresh_key, keep, keys_of


async def test_it_deletes_what_it_has(tmp_path: Path) -> None:
    replica, key = ReplicaFolder(tmp_path), fresh_key()
    await keep(replica, key, b"copied")
    await replica.delete(key)
    await replica.delete(key)
    assert await keys_of(replica) == set()


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
async def test_a_copy_that_is_away_says_nothing_of_what_it_holds(tmp_path: Path, left: str) -> None:
    folder = tmp_path / "mounted"
    if left == "an empty folder":
        folder.mkdir()
    with pytest.raises(StoreUnavailable):
        await ReplicaFolder(folder).delete(fresh_key())
