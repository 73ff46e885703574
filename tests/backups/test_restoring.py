"""What is restored is what was backed up: every row, rule and byte."""

import pytest

from casekeep.backups.model import BackupDamaged, BackupNotPossible
from casekeep.blobs.folder_depot import FolderDepot
from casekeep.blobs.store import BlobKey
from casekeep.kernel.ids import FileId
from tests.backups.clinic import Clinic, Place, Servers, all_rows, counters, rules
from tests.blobs.contract import keep, read_all
from tests.db.furnished import furnish


async def furnish_with_bytes(clinic: Clinic) -> dict[BlobKey, bytes]:
    """An organisation with a row in every table, and bytes for every file that is stored."""
    made = await furnish(clinic.room.db)
    stored = [row["id"] for row in await clinic.room.rows(made.id) if row["state"] == "stored"]
    keys = [BlobKey(made.id, FileId(each)) for each in stored]
    for key in keys:
        await keep(clinic.room.blobs, key, key.file_id.bytes * 1000)
    return await clinic.bytes_of(keys)


async def test_every_row_rule_and_byte_comes_back(
    clinic: Clinic, elsewhere: Place, depot: FolderDepot, servers: Servers
) -> None:
    blobs = {**await furnish_with_bytes(clinic), **await furnish_with_bytes(clinic)}
    taken = await clinic.back_up(depot)
    assert (taken.tally.copied, taken.tally.missing) == (len(blobs), 0)
    restored = await elsewhere.restore(depot)
    assert (restored.blobs, restored.damaged) == (len(blobs), [])
    before, after = await all_rows(servers, clinic.place), await all_rows(servers, elsewhere)
    assert before == after
    empty = {table for table, rows in after.items() if not rows}
    assert empty <= {"pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics",
                     "sign_in_attempts"}  # fmt: skip
    assert await rules(servers, clinic.place) == await rules(servers, elsewhere)
    assert await counters(servers, clinic.place) == await counters(servers, elsewhere)
    found = {key async for key in elsewhere.store.keys()}  # noqa: SIM118 - no dict
    assert found == set(blobs)
    for key, content in blobs.items():
        assert await read_all(elsewhere.store, key, 0, len(content)) == content
