"""A backup is of one moment, while others write and destroy, and copies nothing twice."""

import asyncio
import gzip
from collections.abc import AsyncIterable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from casekeep.backups.layout import blob_path
from casekeep.backups.manifests import blobs_of, find_backup, find_backups
from casekeep.backups.model import BackupDamaged, BackupNotPossible, Gone
from casekeep.blobs.depots import DepotUnavailable
from casekeep.blobs.folder_depot import FolderDepot
from casekeep.blobs.store import BlobKey
from casekeep.kernel.clock import utc_now
from tests.backups.clinic import Clinic, Place, made_clinic
from tests.files.room import body, pdf


class CountingDepot(FolderDepot):
    """Says what was put into it, and lets a test do something at the first blob."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.put_paths: list[str] = []
        self.at_first_blob = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def put(self, path: str, pieces: AsyncIterable[bytes]) -> None:
        if path.startswith("blobs/"):
            self.at_first_blob.set()
            await self.go_on.wait()
        self.put_paths.append(path)
        await super().put(path, pieces)

    @property
    def blobs(self) -> set[str]:
        return {path for path in self.put_paths if path.startswith("blobs/")}


async def entries(depot: FolderDepot) -> dict[BlobKey, Gone | None]:
    backup = await find_backup(depot, None)
    return {entry.key: entry.gone async for entry in blobs_of(depot, backup)}


async def test_nothing_is_copied_twice(clinic: Clinic, tmp_path: Path) -> None:
    clinician, case = await clinic.clinician_with_case()
    old = await clinic.add(clinician, case, "one", "two", "three")
    depot = CountingDepot(tmp_path / "depot")
    await clinic.back_up(depot)
    assert depot.blobs == {blob_path(key) for key in old}
    (new,) = await clinic.add(clinician, case, "four")
    depot.put_paths.clear()
    taken = await clinic.back_up(depot)
    assert depot.blobs == {blob_path(new)}
    assert (taken.tally.count, taken.tally.copied) == (4, 1)
    assert set(await entries(depot)) == {*old, new}


async def test_what_a_killed_backup_copied_is_not_copied_again(
    clinic: Clinic, tmp_path: Path
) -> None:
    clinician, case = await clinic.clinician_with_case()
    await clinic.add(clinician, case, "one", "two")
    depot = CountingDepot(tmp_path / "depot")
    first = await clinic.back_up(depot)
    await depot.delete(f"{first.backup.name}/manifest.json")
    depot.put_paths.clear()
    second = await clinic.back_up(depot)
    assert depot.blobs == set()
    assert second.backup.manifest.blobs.bytes == first.backup.manifest.blobs.bytes
    assert [each.name for each in await find_backups(depot)] == [second.backup.name]


async def test_a_lost_or_cut_blob_of_the_depot_is_copied_again(
    clinic: Clinic, tmp_path: Path
) -> None:
    clinician, case = await clinic.clinician_with_case()
    _, cut, lost = await clinic.add(clinician, case, "whole", "cut", "lost")
    depot = CountingDepot(tmp_path / "depot")
    await clinic.back_up(depot)
    (tmp_path / "depot" / blob_path(cut)).write_bytes(b"cut")
    (tmp_path / "depot" / blob_path(lost)).unlink()
    depot.put_paths.clear()
    await clinic.back_up(depot)
    assert depot.blobs == {blob_path(cut), blob_path(lost)}


async def test_uploads_and_purges_go_on_and_the_backup_is_of_its_moment(
    clinic: Clinic, elsewhere: Place, tmp_path: Path
) -> None:
    clinician, case = await clinic.clinician_with_case()
    stay, go = await clinic.add(clinician, case, "stays", "goes")
    depot = CountingDepot(tmp_path / "depot")
    depot.go_on.clear()
    backing_up = asyncio.create_task(clinic.back_up(depot))
    await depot.at_first_blob.wait()
    later = await clinic.add(clinician, case, *(f"later {n}" for n in range(20)))
    await clinic.purge(later[0])
    await clinic.purge(go)
    depot.go_on.set()
    taken = await backing_up
    named = await entries(depot)
    assert set(named) == {stay, go}
    assert named[stay] is None
    restored = await elsewhere.restore(depot)
    assert restored.damaged == []
    assert (taken.tally.count, taken.tally.missing) == (2 - taken.tally.purged, 0)


async def test_a_file_purged_before_it_was_copied_is_given_up_where_it_is_restored(
    clinic: Clinic, elsewhere: Place, tmp_path: Path
) -> None:
    clinician, case = await clinic.clinician_with_case()
    stay, go = await clinic.add(clinician, case, "stays", "goes")

    class Purging(CountingDepot):
        async def put(self, path: str, pieces: AsyncIterable[bytes]) -> None:
            if path.endswith("/tables/users.gz"):
                await clinic.purge(go)
            await super().put(path, pieces)

    depot = Purging(tmp_path / "depot")
    taken = await clinic.back_up(depot)
    assert (taken.tally.count, taken.tally.purged, taken.tally.missing) == (1, 1, 0)
    assert await entries(depot) == {stay: None, go: Gone.PURGED}
    assert (await elsewhere.restore(depot)).purged == 1
    async with made_clinic(elsewhere) as restored:
        rows = await restored.room.rows(clinician.organization_id)
    assert {row["id"]: row["state"] for row in rows} == {
        stay.file_id: "stored",
        go.file_id: "discarded",
    }


async def test_a_file_whose_bytes_were_lost_is_told(clinic: Clinic, depot: FolderDepot) -> None:
    clinician, case = await clinic.clinician_with_case()
    _, lost = await clinic.add(clinician, case, "kept", "lost")
    await clinic.room.blobs.delete(lost)
    taken = await clinic.back_up(depot)
    assert (taken.tally.count, taken.tally.purged, taken.tally.missing) == (1, 0, 1)


async def test_what_is_arriving_is_not_in_it(clinic: Clinic, depot: FolderDepot) -> None:
    clinician, _ = await clinic.clinician_with_case()
    async with clinic.room.receiving.batch(clinician) as batch:
        await batch.receive("report.pdf", body(pdf("half")))
        taken = await clinic.back_up(depot)
    assert taken.tally.count == 0
    assert await entries(depot) == {}


async def test_the_backup_s_parts_hold_no_secret_and_say_what_they_are(
    clinic: Clinic, depot: FolderDepot
) -> None:
    clinician, case = await clinic.clinician_with_case()
    await clinic.add(clinician, case, "a report")
    (clinic.place.data / "secrets").mkdir()
    (clinic.place.data / "secrets" / "deployment").write_text("the secret of this deployment")
    taken = await clinic.back_up(depot)
    for path in depot._root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            plain = gzip.decompress(content) if path.suffix == ".gz" else content
            assert b"the secret of this deployment" not in plain
    manifest = taken.backup.manifest
    assert manifest.organizations == 1
    assert {part.table for part in manifest.tables} >= {"files", "users", "audit_events"}
    assert manifest.migrations[0] == "0001_the_house"


async def test_one_at_a_time_writes_into_a_depot(clinic: Clinic, depot: FolderDepot) -> None:
    with FolderDepot(depot._root).hold(), pytest.raises(DepotUnavailable, match="another backup"):
        await clinic.back_up(depot)
    await clinic.back_up(depot)


async def test_a_newer_format_and_an_altered_manifest_are_refused(
    clinic: Clinic, depot: FolderDepot
) -> None:
    taken = await clinic.back_up(depot)
    path = depot._root / taken.backup.name / "manifest.json"
    said = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**said, "format": 2, "casekeep": "99.0"}))
    with pytest.raises(BackupNotPossible, match=r"taken by Casekeep 99\.0, which is newer"):
        await find_backups(depot)
    path.write_bytes(b"{")
    with pytest.raises(BackupDamaged, match="manifest"):
        await find_backups(depot)


async def test_the_last_backup_is_the_newest_even_after_a_clock_ran_ahead(
    clinic: Clinic, tmp_path: Path
) -> None:
    depot = FolderDepot(tmp_path / "depot")
    ahead = await clinic.back_up(depot, lambda: utc_now() + timedelta(days=1))
    last = await clinic.back_up(depot)
    assert last.backup.name > ahead.backup.name
    assert (await find_backup(depot, None)).name == last.backup.name
    assert last.backup.manifest.taken_at <= last.backup.manifest.ended_at
