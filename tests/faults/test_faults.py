"""Struck at every moment at which something becomes lasting: nothing that was acknowledged is lost,
nothing that was refused is seen, and neither rows nor bytes are left over.

`FAULT_RUNS=300` strikes so often; `FAULT_SEED` repeats a run, whose seed is printed when it fails.
"""

import asyncio
import hashlib
import itertools
import os
import random
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from casekeep.blobs.store import BlobKey
from casekeep.db.addresses import EmbeddedServer
from casekeep.db.migrating import application_dsn_for, migrate_database
from casekeep.files.sweeping import sweep
from casekeep.files.uploads.ending import sweep_uploads
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import FileId, OrganizationId
from casekeep.retention.purging import finish_purging
from casekeep.retention.queries import certificate_of
from tests.faults.acting import SCENARIOS, Orders, Place, Said
from tests.faults.points import Victim
from tests.support.database import make_owned_database
from tests.support.factories import make_case, make_clinician, make_organization
from tests.support.house import purging

ROOT = Path(__file__).parents[2]
RUNS = int(os.environ.get("FAULT_RUNS", "8"))
SEED = int(os.environ.get("FAULT_SEED", random.SystemRandom().randrange(1 << 31)))
VICTIMS: tuple[Victim, ...] = ("process", "database")


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    folder = tmp_path_factory.mktemp("struck")
    with EmbeddedServer(folder) as server:
        dsn = server.start_or_join(keep=False).superuser_dsn
        assert dsn is not None
        pid = (folder / "postgres" / "postmaster.pid").read_text().split()[0]
        yield dsn, int(pid)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(
    own_postgres: tuple[str, int], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    dsn, postmaster = own_postgres
    admin = await asyncpg.connect(dsn)
    try:
        owner_dsn = await make_owned_database(admin, dsn, f"struck_{uuid4().hex[:8]}")
    finally:
        await admin.close()
    application_dsn = application_dsn_for(owner_dsn, "application")
    await migrate_database(owner_dsn, application_dsn)
    data = str(tmp_path_factory.mktemp("data"))
    yield Place(data, owner_dsn, application_dsn, postmaster)


@dataclass
class Outcome:
    """What a process said before it ended."""

    kept: dict[FileId, str] = field(default_factory=dict)
    removed: set[FileId] = field(default_factory=set)
    purged: set[FileId] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    received: int = 0
    points: int = 0

    def hear(self, said: Said) -> None:
        if said.word == "kept":
            self.kept[FileId(said.file_id)] = said.sha256
        elif said.word == "removed":
            self.removed.add(FileId(said.file_id))
        elif said.word == "purged":
            self.purged.add(FileId(said.file_id))
        elif said.word == "refused":
            self.refused.add(said.sha256)
        elif said.word.startswith("received: "):
            self.received = int(said.word.partition(": ")[2])
        elif said.word.startswith("points: "):
            self.points = int(said.word.partition(": ")[2])


async def act(orders: Orders) -> Outcome:
    """Run the process to its end, whichever that is."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.acting", msgspec.json.encode(orders).decode()),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(90):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    outcome = Outcome()
    for line in printed.splitlines():
        outcome.hear(msgspec.json.decode(line, type=Said))
    return outcome


async def newcomer(house: House, place: Place, scenario: str, seed: int) -> Orders:
    """Orders for an organisation of its own; no strike yet."""
    organization_id = await make_organization(house.db)
    clinician = await make_clinician(house.db, organization_id)
    case = await make_case(house.db, organization_id, clinician_id=clinician.user_id)
    return Orders(place, scenario, seed, organization_id, clinician.user_id, case.id)


async def put_in_order(house: House, organization_id: OrganizationId) -> list[asyncpg.Record]:
    """Let the house's own tasks clear up, until nothing is on its way; the rows that stay. A day
    passes, after which nobody goes on with an upload.
    """
    tomorrow = replace(house.uploads, clock=lambda: utc_now() + timedelta(hours=25))
    async with asyncio.timeout(30):
        while True:
            try:
                await sweep(house.db, house.blobs)
                await sweep_uploads(tomorrow)
                await finish_purging(purging(house), organization_id)
                rows = await _rows_at_rest(house, organization_id)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                rows = None  # it is still recovering
            if rows is not None:
                return rows
            await asyncio.sleep(0.05)


async def _rows_at_rest(
    house: House, organization_id: OrganizationId
) -> list[asyncpg.Record] | None:
    """All files; None while something is on its way."""
    async with house.db.transaction(organization_id) as tx:
        rows = await tx.fetch("select * from files where organization_id = $1", organization_id)
        under_way = await tx.fetch_value(
            """select (select count(*) from upload_parts)
                    + (select count(*) from uploads where state in ('receiving', 'complete'))"""
        )
    is_at_rest = not under_way and all(row["state"] in {"stored", "purged"} for row in rows)
    return rows if is_at_rest else None


async def demand_order(house: House, orders: Orders, outcome: Outcome) -> None:
    """Nothing acknowledged is lost, nothing refused is seen, nothing is left over."""
    organization_id = OrganizationId(orders.organization_id)
    assert await most_received(house, organization_id) >= outcome.received, "received, and lost"
    rows = await put_in_order(house, organization_id)
    there = {row["id"]: row for row in rows}
    assert outcome.kept.keys() <= there.keys(), "acknowledged, and lost"
    for file_id in outcome.removed:
        assert there[file_id]["deleted_at"] is not None, "removed, and there again"
    stored = {row["id"]: row for row in rows if row["state"] == "stored"}
    purged = there.keys() - stored.keys()
    assert outcome.purged <= purged <= outcome.removed, "purged, and there; or not to be purged"
    for file_id in purged:
        assert await is_certified(house, organization_id, file_id), "purged without a proof"
    digests = {row["sha256"].hex() for row in stored.values()}
    assert not digests & outcome.refused, "refused, and seen"
    for file_id, row in stored.items():
        digest = hashlib.sha256()
        async for piece in house.blobs.read(BlobKey(organization_id, file_id), 0, row["size"]):
            digest.update(piece)
        assert digest.digest() == row["sha256"], "not what was received"
        assert outcome.kept.get(file_id, row["sha256"].hex()) == row["sha256"].hex()
    everything = house.blobs.keys()
    bytes_of = {key.file_id async for key in everything if key.organization_id == organization_id}
    assert bytes_of == stored.keys(), "bytes without a row, or a row without bytes"
    assert await sealed(house, organization_id) == stored.keys(), "a key of nothing, or none"


async def most_received(house: House, organization_id: OrganizationId) -> int:
    """Bytes that the upload in parts has, if there is one, once the database is there again."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with house.db.transaction(organization_id) as tx:
                    received = "select coalesce(max(received), 0) from uploads"
                    return await tx.fetch_value(received)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.05)


async def is_certified(house: House, organization_id: OrganizationId, file_id: FileId) -> bool:
    async with house.db.transaction(organization_id) as tx:
        return await certificate_of(tx, file_id) is not None


async def sealed(house: House, organization_id: OrganizationId) -> set[FileId]:
    async with house.db.transaction(organization_id) as tx:
        return {row["blob_id"] for row in await tx.fetch("select blob_id from seals")}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.timeout(3600)
async def test_a_strike_loses_nothing_and_leaves_nothing(place: Place, scenario: str) -> None:
    """Strikes the process and its database by turns."""
    chooser, victims = random.Random(f"{SEED} {scenario}"), itertools.cycle(VICTIMS)
    runs = max(len(VICTIMS), RUNS // len(SCENARIOS))
    print(f"seed {SEED}")  # noqa: T201 - shown with a failure
    async with place.house() as house:
        quiet = await newcomer(house, place, scenario, SEED)
        outcome = await act(quiet)
        assert outcome.points > 0
        await demand_order(house, quiet, outcome)
        for strike_at in chooser.sample(range(1, outcome.points + 1), min(runs, outcome.points)):
            victim = next(victims)
            print(f"{scenario}, {victim}, at {strike_at}")  # noqa: T201 - shown with a failure
            orders = await newcomer(house, place, scenario, SEED + strike_at)
            struck = msgspec.structs.replace(orders, strike_at=strike_at, victim=victim)
            await demand_order(house, struck, await act(struck))
