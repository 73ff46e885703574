"""Commands that are struck beside a server, and run again: they come to their end, nothing that was
acknowledged is lost on the way, and what is half-done is never taken for whole.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from casekeep.backups.manifests import Backup, blobs_of, find_backups, unfinished
from casekeep.backups.progress import Silent
from casekeep.backups.restore_mark import RestoreMark
from casekeep.blobs.folder_depot import FolderDepot
from casekeep.blobs.moving import count_blobs
from casekeep.blobs.queries import deployment_key_ids
from casekeep.bootstrap.backing_up import check
from casekeep.bootstrap.database import running_database
from casekeep.bootstrap.sealing import open_deployment_keys
from casekeep.bootstrap.stores import open_store
from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.filling import look_into
from casekeep.http.house import House
from casekeep.kernel.ids import FileId, OrganizationId
from tests.faults.acting import Orders, Place
from tests.faults.acts import contents, digest
from tests.faults.order import demand_order, once_it_is_back, put_in_order
from tests.faults.places import Ground, made_place, with_blobs
from tests.faults.runs import (
    QUIET,
    Strike,
    finish,
    go_on_beside,
    keep_some,
    newcomer,
    of_command,
    strikes,
    struck,
)
from tests.faults.struck import Actors, Outcome
from tests.support.buckets import S3Server

pytestmark = pytest.mark.timeout(3600)

Run = Callable[[Strike], Awaitable[int]]
"""One run, and how many moments it had."""


async def strike_often(scenario: str, run: Run) -> None:
    for strike in strikes(scenario, await run(QUIET)):
        await run(strike)


@asynccontextmanager
async def furnished(place: Place, strike: Strike) -> AsyncIterator[tuple[House, Orders, Outcome]]:
    """A house with some files in it."""
    async with place.house() as house:
        orders, outcome = await newcomer(house, place, "", strike.seed), Outcome()
        await keep_some(house, orders, outcome)
        yield house, orders, outcome


def told(orders: Orders, *words: object) -> Orders:
    return msgspec.structs.replace(orders, words=tuple(map(str, words)))


def clinic(orders: Orders) -> OrganizationId:
    return OrganizationId(orders.organization_id)


async def strike_beside(
    house: House, actors: Actors, orders: Orders, strike: Strike, outcome: Outcome
) -> None:
    """Strike a command while the house goes on, and let that clear up."""
    await asyncio.gather(
        actors.act(struck(orders, strike), outcome), go_on_beside(house, orders, outcome)
    )
    await put_in_order(house, clinic(orders))


@pytest.mark.parametrize("way", ["disk to disk", "disk to bucket", "bucket to disk"])
@of_command("move, {way}")
async def test_a_move_is_gone_on_with(
    ground: Ground, actors: Actors, moto: S3Server, tmp_path: Path, way: str
) -> None:
    def where(kind: str, strike: Strike) -> str:
        return moto.url() if kind == "bucket" else f"disk:{tmp_path / str(strike.seed)}-{kind}"

    async def run(strike: Strike) -> int:
        old, new = (where(kind, strike) for kind in way.replace("disk to", "old to").split(" to "))
        async with made_place(ground) as place:
            async with furnished(with_blobs(place, old), strike) as (_, first, outcome):
                pass
            joined = with_blobs(place, new, old)
            moving = told(first, "blobs", "move", "--to", new, "--at-once", 2, "--json")
            orders = msgspec.structs.replace(moving, place=joined)
            async with joined.house() as house:
                await strike_beside(house, actors, orders, strike, outcome)
                await finish(actors, orders)
            async with with_blobs(place, new).house() as house:
                await demand_order(house, clinic(orders), outcome)
            assert await count_blobs(open_store(with_blobs(place, old).settings())) == 0
        return outcome.points

    await strike_often(f"move, {way}", run)


@of_command("backup")
async def test_a_backup_is_whole_or_none(ground: Ground, actors: Actors, tmp_path: Path) -> None:
    async def run(strike: Strike) -> int:
        depot = FolderDepot(tmp_path / f"depot-{strike.seed}")
        async with (
            made_place(ground) as place,
            furnished(place, strike) as (house, begun, outcome),
        ):
            orders, before = told(begun, "backup", depot._root, "--json"), set(outcome.kept)
            if strike.seed % 2:  # so that the one that is struck goes on from another
                await finish(actors, orders)
            await strike_beside(house, actors, orders, strike, outcome)
            for backup in await find_backups(depot):
                assert before - outcome.removed <= await named_in(depot, backup)
            await finish(actors, orders)
            newest = (await find_backups(depot))[-1]
            assert outcome.kept.keys() - outcome.removed <= await named_in(depot, newest)
            assert await unfinished(depot) == ()
            assert not any((depot._root / ".arriving").iterdir())
            assert not (Path(place.data) / "backing-up").exists()
            proven = await asyncio.to_thread(
                check, place.settings(), depot, newest, tmp_path, Silent()
            )
            assert (proven.is_whole, proven.are_opened) == (True, True)
            await demand_order(house, clinic(orders), outcome)
        return outcome.points

    await strike_often("backup", run)


async def named_in(depot: FolderDepot, backup: Backup) -> set[FileId]:
    return {entry.key.file_id async for entry in blobs_of(depot, backup)}


@of_command("restore")
async def test_a_restore_is_never_taken_for_whole_before_it_is(
    ground: Ground, actors: Actors, tmp_path: Path
) -> None:
    async def run(strike: Strike) -> int:
        depot = tmp_path / f"depot-{strike.seed}"
        async with (
            made_place(ground) as old,
            made_place(ground, migrated=False) as new,
        ):
            async with furnished(old, strike) as (_, begun, outcome):
                await finish(actors, told(begun, "backup", depot, "--json"))
            shutil.copytree(Path(old.data) / "secrets", Path(new.data) / "secrets")
            restoring = told(begun, "restore", depot, "--json")
            orders = msgspec.structs.replace(restoring, place=new)
            await actors.act(struck(orders, strike), outcome)
            if not await is_whole(new):
                await finish(actors, orders)
            assert await is_whole(new)
            async with new.house() as house:
                there = await demand_order(house, clinic(orders), outcome)
                assert there.keys() == outcome.kept.keys()
        return outcome.points

    await strike_often("restore", run)


async def is_whole(place: Place) -> bool:
    """Whether a restore is over. Before it is, no server starts there, or nothing is there yet."""
    contents = await once_it_is_back(lambda: look_into(place.owner_dsn))
    if RestoreMark(Path(place.data)).stands:
        with pytest.raises(DatabaseNotUsable, match="a backup is being restored"):
            await asyncio.to_thread(start_in, place)
        return False
    blobs = await count_blobs(open_store(place.settings()))
    assert contents.is_filled == bool(blobs)
    return contents.is_filled


def start_in(place: Place) -> None:
    """As `casekeep serve` begins."""
    with running_database(place.settings(), keep=False):
        pass


@pytest.mark.parametrize("whose", ["the organisation's", "the deployment's"])
@of_command("rotate {whose} key")
async def test_a_rotation_of_keys_is_gone_on_with(
    ground: Ground, actors: Actors, whose: str
) -> None:
    async def run(strike: Strike) -> int:
        async with made_place(ground) as place:
            async with furnished(place, strike) as (house, begun, outcome):
                words = ["keys", "rotate", "--json"]
                if whose == "the organisation's":
                    words += ["--organization", str(begun.organization_id)]
                orders = told(begun, *words)
                await strike_beside(house, actors, orders, strike, outcome)
                await finish(actors, orders)
                await demand_order(house, clinic(orders), outcome)
            async with place.house() as house:  # which has no key in its memory
                await demand_order(house, clinic(orders), outcome)
                keys = await open_deployment_keys(place.settings(), house.db)
                assert list(await deployment_key_ids(house.db)) == [keys.current.id]
        return outcome.points

    await strike_often(f"rotate {whose} key", run)


@of_command("import")
async def test_an_import_is_gone_on_with(ground: Ground, actors: Actors, tmp_path: Path) -> None:
    async def run(strike: Strike) -> int:
        folder, expected = tmp_path / f"scans-{strike.seed}", contents(strike.seed)
        folder.mkdir()
        for number, content in enumerate(expected):
            (folder / f"{number}.pdf").write_bytes(content)
        async with made_place(ground) as place, place.house() as house:
            begun, outcome = await newcomer(house, place, "", strike.seed), Outcome()
            words = ("--org", begun.organization_id, "--case", begun.case_id, "--json")
            orders = told(begun, "import", folder, *words)
            await actors.act(struck(orders, strike), outcome)
            await put_in_order(house, clinic(orders))
            await finish(actors, orders)
            stored = await demand_order(house, clinic(orders), outcome)
            there = sorted(row["sha256"].hex() for row in stored.values())
            assert there == sorted(map(digest, expected)), "not once each"
        return outcome.points

    await strike_often("import", run)
