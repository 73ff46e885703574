"""Work at one place only: the second is refused, and who loses the lock stops."""

import asyncio

import asyncpg
import pytest

from casekeep.db.alone import UnderWayElsewhere, alone, do_alone
from casekeep.db.database import Database
from casekeep.db.errors import DatabaseNotUsable
from casekeep.files.verifying.scrubbing import SCRUBBING
from casekeep.retention.rounds import ROUNDS
from tests.support.database import TestServer


async def test_its_result_comes_back(db: Database) -> None:
    async def work() -> str:
        return "done"

    assert await do_alone(db, "a trial", work) == "done"
    assert await do_alone(db, "a trial", work) == "done"


async def test_its_failure_comes_back_and_lets_go(db: Database) -> None:
    async def work() -> None:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await do_alone(db, "a failing trial", work)


async def test_a_second_one_is_refused_before_it_begins(db: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        begun.set()
        await go_on.wait()

    async def second() -> None:
        raise AssertionError("it began")

    running = asyncio.create_task(do_alone(db, "a long trial", first))
    await begun.wait()
    with pytest.raises(UnderWayElsewhere, match=r"^a long trial is under way elsewhere$"):
        await do_alone(db, "a long trial", second)
    go_on.set()
    await running


async def test_who_is_cancelled_stops_and_lets_go(db: Database) -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    for _ in range(2):
        begun.clear()
        running = asyncio.create_task(do_alone(db, "a cancelled trial", work))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert stopped.is_set()


async def test_who_loses_the_lock_stops(
    db: Database, admin: asyncpg.Connection, test_server: TestServer
) -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    running = asyncio.create_task(do_alone(db, "a lost trial", work))
    await begun.wait()
    await admin.execute(
        """select pg_terminate_backend(l.pid) from pg_locks l join pg_stat_activity a using (pid)
           where l.locktype = 'advisory' and a.query like '%casekeep ''%'"""
    )
    with pytest.raises(DatabaseNotUsable, match="went away"):
        await running
    assert stopped.is_set()


async def test_each_work_has_a_lock_of_its_own(db: Database) -> None:
    """A check of all files takes weeks; what is due must be purged meanwhile."""
    async with alone(db, SCRUBBING) as scrubbing, alone(db, ROUNDS) as purging:
        assert None not in {scrubbing, purging}
        async with alone(db, ROUNDS) as another:
            assert another is None
