"""What is restored is what was backed up: every row, rule and byte."""

from pathlib import Path

import pytest

from casekeep.backups.layout import blob_path
from casekeep.backups.model import BackupDamaged, BackupNotPossible
from casekeep.blobs.folder_depot import FolderDepot
from casekeep.blobs.store import BlobKey
from casekeep.db.errors import DatabaseNotUsable
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


async def test_the_older_of_two_is_the_house_as_it_was_then(
    clinic: Clinic, elsewhere: Place, depot: FolderDepot, servers: Servers
) -> None:
    clinician, case = await clinic.clinician_with_case()
    old = await clinic.add(clinician, case, "old")
    rows = await all_rows(servers, clinic.place)
    first = await clinic.back_up(depot)
    await clinic.add(clinician, case, "new")
    await clinic.purge(old[0])
    await clinic.back_up(depot)
    restored = await elsewhere.restore(depot, first.backup.name)
    assert restored.blobs == 1
    assert await all_rows(servers, elsewhere) == rows
    assert {key async for key in elsewhere.store.keys()} == set(old)  # noqa: SIM118 - no dict


async def test_nothing_is_written_over(
    clinic: Clinic, elsewhere: Place, depot: FolderDepot
) -> None:
    clinician, case = await clinic.clinician_with_case()
    await clinic.add(clinician, case, "a report")
    await clinic.back_up(depot)
    elsewhere.data.mkdir()
    (elsewhere.data / "notes.txt").write_text("somebody's")
    with pytest.raises(BackupNotPossible, match=r"notes\.txt"):
        await elsewhere.restore(depot)
    (elsewhere.data / "notes.txt").unlink()
    full = Place("x", clinic.place.owner_dsn, clinic.place.application_dsn, elsewhere.data)
    with pytest.raises(BackupNotPossible, match="the database holds records already"):
        await full.restore(depot)
    assert list(elsewhere.data.iterdir()) == []
    (elsewhere.data / "secrets").mkdir()
    assert (await elsewhere.restore(depot)).blobs == 1
    with pytest.raises(BackupNotPossible, match="holds 'blobs'"):
        await elsewhere.restore(depot)


async def test_a_damaged_file_is_left_out_and_told(
    clinic: Clinic, elsewhere: Place, depot: FolderDepot
) -> None:
    clinician, case = await clinic.clinician_with_case()
    good, flipped, lost = await clinic.add(clinician, case, "good", "flipped", "lost")
    await clinic.back_up(depot)
    flip(depot._root / blob_path(flipped))
    (depot._root / blob_path(lost)).unlink()
    restored = await elsewhere.restore(depot)
    assert set(restored.damaged) == {flipped, lost}
    assert {key async for key in elsewhere.store.keys()} == {good}  # noqa: SIM118 - no dict


@pytest.mark.parametrize("table", ["users", "files", "audit_events"])
async def test_a_database_of_which_a_bit_was_flipped_is_not_restored(
    clinic: Clinic, elsewhere: Place, depot: FolderDepot, servers: Servers, table: str
) -> None:
    clinician, case = await clinic.clinician_with_case()
    await clinic.add(clinician, case, "a report")
    taken = await clinic.back_up(depot)
    flip(depot._root / taken.backup.name / "tables" / f"{table}.gz")
    with pytest.raises((BackupDamaged, DatabaseNotUsable)):
        await elsewhere.restore(depot)
    assert not any((await all_rows(servers, elsewhere)).values())


def flip(path: Path) -> None:
    """Another bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
