"""A backup or a restore that is killed anywhere leaves nothing half-done, and the next goes on."""

import random
import signal
import subprocess
import sys

import pytest

from casekeep.backups.manifests import find_backups
from casekeep.backups.model import BackupNotPossible
from casekeep.blobs.folder_depot import FolderDepot
from tests.backups.clinic import Clinic, Place, Servers, all_rows, made_place

SEED = random.SystemRandom().randrange(10**6)
DEATHS = 6


def killed(act: str, at: int, place: Place, depot_at: str) -> bool:
    """Whether the process met its death at step `at`, or got to its end before."""
    command = (sys.executable, "-m", "tests.backups.dying", act, str(at))
    where = (place.owner_dsn, place.application_dsn, str(place.data), depot_at)
    done = subprocess.run([*command, *where], check=False, capture_output=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode != 0


@pytest.mark.timeout(300)
async def test_a_killed_backup_is_none_and_the_next_goes_on(
    clinic: Clinic, servers: Servers, depot: FolderDepot
) -> None:
    clinician, case = await clinic.clinician_with_case()
    keys = await clinic.add(clinician, case, *(f"Report {n}" for n in range(5)))
    contents = await clinic.bytes_of(keys)
    steps = random.Random(SEED)
    deaths = 0
    for at in [1, *(steps.randrange(2, 90) for _ in range(DEATHS - 1))]:
        sys.stdout.write(f"seed {SEED}, killed at step {at}\n")
        if killed("take", at, clinic.place, str(depot._root)):
            deaths += 1
        assert all(each.manifest.blobs.count == len(keys) for each in await find_backups(depot))
    taken = await clinic.back_up(depot)
    assert deaths
    assert taken.tally.count == len(keys)
    assert list((depot._root / ".arriving").iterdir()) == []
    folders = await depot.names("")
    assert set(folders) == {"blobs", *(each.name for each in await find_backups(depot))}
    async with made_place(servers, clinic.place.data.parent) as elsewhere:
        restored = await elsewhere.restore(depot)
        assert (restored.blobs, restored.damaged) == (len(keys), [])
        assert await all_rows(servers, elsewhere) == await all_rows(servers, clinic.place)
        for key, content in contents.items():
            size = await elsewhere.store.size(key)
            pieces = [piece async for piece in elsewhere.store.read(key, 0, size)]
            assert b"".join(pieces) == content


@pytest.mark.timeout(300)
async def test_a_killed_restore_goes_on(
    clinic: Clinic, servers: Servers, depot: FolderDepot, elsewhere: Place
) -> None:
    clinician, case = await clinic.clinician_with_case()
    keys = await clinic.add(clinician, case, *(f"Report {n}" for n in range(5)))
    await clinic.back_up(depot)
    steps, deaths = random.Random(SEED), 0
    for at in sorted(steps.randrange(3, 70) for _ in range(DEATHS)):
        sys.stdout.write(f"seed {SEED}, killed at step {at}\n")
        if not killed("restore", at, elsewhere, str(depot._root)):
            break
        deaths += 1
        assert (elsewhere.data / "restoring").exists()
    else:
        await elsewhere.restore(depot)
    assert deaths
    assert not (elsewhere.data / "restoring").exists()
    assert await all_rows(servers, elsewhere) == await all_rows(servers, clinic.place)
    assert {key async for key in elsewhere.store.keys()} == set(keys)  # noqa: SIM118 - no dict


async def test_a_marked_folder_takes_no_other_backup(
    clinic: Clinic, depot: FolderDepot, elsewhere: Place
) -> None:
    first = await clinic.back_up(depot)
    await clinic.clinician_with_case()
    await clinic.back_up(depot)
    assert killed("restore", 3, elsewhere, str(depot._root))
    with pytest.raises(BackupNotPossible, match="another backup was being restored"):
        await elsewhere.restore(depot, first.backup.name)
    await elsewhere.restore(depot)
