"""Old backups go by plan, and take with them only what no other needs."""

from datetime import UTC, datetime, timedelta

import pytest

from casekeep.backups.layout import blob_path, moment_of
from casekeep.backups.manifests import find_backups
from casekeep.backups.model import BackupDamaged, BackupNotPossible
from casekeep.backups.overview import show_backups
from casekeep.backups.progress import Silent
from casekeep.backups.thinning import plan_from, thin
from casekeep.blobs.folder_depot import FolderDepot
from tests.backups.clinic import Clinic, Place

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "7d,4w", "7d/", "7x", "-1d"])
def test_a_plan_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(BackupNotPossible, match="such as 7d/4w/12m"):
        plan_from(text)


async def test_the_newest_of_each_period_stays(clinic: Clinic, depot: FolderDepot) -> None:
    days = [400, 41, 40, 9, 8, 2, 1, 0]
    for day in days:
        await clinic.back_up(depot, lambda day=day: NOW - timedelta(days=day))
    thinned = await thin(depot, plan_from("2d/2w/3m"), Silent())
    kept = {moment_of(name).date() for name in thinned.kept}
    wanted = [0, 1, 8, 40, 400]  # two days; this week's and the last's; three months'
    assert kept == {(NOW - timedelta(days=day)).date() for day in wanted}
    assert len(thinned.removed) == len(days) - len(wanted)
    again = await thin(depot, plan_from("2d/2w/3m"), Silent())
    assert (again.kept, again.removed, again.blobs) == (thinned.kept, (), 0)


async def test_blobs_go_with_the_last_backup_that_names_them(
    clinic: Clinic, depot: FolderDepot, elsewhere: Place
) -> None:
    clinician, case = await clinic.clinician_with_case()
    stay, go = await clinic.add(clinician, case, "stays", "goes")
    await clinic.back_up(depot, lambda: NOW - timedelta(days=1))
    await clinic.purge(go)
    await clinic.back_up(depot, lambda: NOW)
    old, new = await show_backups(depot, clinic.room.db)
    assert (old.purged, new.purged) == (1, 0)
    assert (await thin(depot, plan_from("2d"), Silent())).blobs == 0
    thinned = await thin(depot, plan_from("1d"), Silent())
    assert (len(thinned.kept), len(thinned.removed), thinned.blobs) == (1, 1, 1)
    blobs = {lying.path async for lying in depot.lying("blobs")}
    assert blobs == {blob_path(stay)}
    assert (await elsewhere.restore(depot)).damaged == []


async def test_nothing_goes_while_a_list_cannot_be_read(clinic: Clinic, depot: FolderDepot) -> None:
    clinician, case = await clinic.clinician_with_case()
    await clinic.add(clinician, case, "a report")
    await clinic.back_up(depot, lambda: NOW - timedelta(days=1))
    taken = await clinic.back_up(depot, lambda: NOW)
    (depot._root / taken.backup.name / "blobs.jsonl.gz").write_bytes(b"no list")
    with pytest.raises(BackupDamaged):
        await thin(depot, plan_from("1d"), Silent())
    assert len(await find_backups(depot)) == 2
    assert [lying async for lying in depot.lying("blobs")]
