"""Jobs are done once they are committed, again when they fail, and by others when one dies."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from casekeep.db.database import Database
from casekeep.jobs.queue import JobName, enqueue
from casekeep.jobs.running import Pacing, Runner, Work
from casekeep.kernel.ids import OrganizationId, new_id
from tests.support.database import TestServer
from tests.support.wire import wire_to

ROOT = Path(__file__).parents[2]
ORG = OrganizationId(new_id())
PATIENCE = 20.0
AT_ONCE = Pacing(
    presumed_dead=timedelta(seconds=2),
    look_every=timedelta(seconds=0.3),
    tries=3,
    first_retry=timedelta(milliseconds=20),
    ending=0.2,
)


class Doing:
    """A kind of job that says what it was called with, and fails so many times."""

    def __init__(self, failures: int = 0) -> None:
        self.calls: asyncio.Queue[tuple[OrganizationId, tuple[UUID, ...]]] = asyncio.Queue()
        self.failures = failures

    async def __call__(self, organization_id: OrganizationId, *ids: UUID) -> None:
        self.calls.put_nowait((organization_id, ids))
        if self.failures:
            self.failures -= 1
            raise ValueError("Pat Example has a rash")

    async def next(self) -> tuple[OrganizationId, tuple[UUID, ...]]:
        return await asyncio.wait_for(self.calls.get(), PATIENCE)


@asynccontextmanager
async def running(db: Database, work: Work, pacing: Pacing = AT_ONCE) -> AsyncIterator[Runner]:
    runner = Runner(db, {JobName.DELIVER_WEBHOOK: work}, pacing)
    runner.start()
    try:
        yield runner
    finally:
        await runner.close()


async def put(db: Database, *ids: UUID, after: timedelta | None = None) -> None:
    async with db.transaction(ORG) as tx:
        await enqueue(tx, JobName.DELIVER_WEBHOOK, *ids, after=after)


async def statuses(db: Database) -> list[str]:
    rows = await db.fetch_unscoped("select status::text from pgqueuer order by id")
    return [row[0] for row in rows]


async def until(db: Database, expected: list[str]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await statuses(db) != expected:  # noqa: ASYNC110 - of another process, maybe
            await asyncio.sleep(0.01)


async def test_a_job_is_done_with_its_ids_and_then_gone(own_db: Database) -> None:
    work, case_id, other = Doing(), new_id(), new_id()
    async with running(own_db, work):
        await put(own_db, case_id, other)
        assert await work.next() == (ORG, (case_id, other))
        await until(own_db, [])


async def test_a_job_that_was_put_before_the_start_is_done(own_db: Database) -> None:
    work = Doing()
    await put(own_db)
    async with running(own_db, work):
        assert await work.next() == (ORG, ())


async def test_a_job_of_an_act_that_failed_was_never_there(own_db: Database) -> None:
    async def failing_act() -> None:
        async with own_db.transaction(ORG) as tx:
            await enqueue(tx, JobName.DELIVER_WEBHOOK)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await failing_act()
    assert await statuses(own_db) == []


async def test_a_job_for_later_waits(own_db: Database) -> None:
    work, first, second = Doing(), new_id(), new_id()
    await put(own_db, first, after=timedelta(seconds=0.5))
    await put(own_db, second)
    async with running(own_db, work):
        assert (await work.next())[1] == (second,)
        assert (await work.next())[1] == (first,)


async def test_a_kind_that_nobody_does_here_is_left_alone(own_db: Database) -> None:
    work = Doing()
    async with own_db.transaction(ORG) as tx:
        await enqueue(tx, JobName.ANALYZE_CASE)
    await put(own_db)
    async with running(own_db, work):
        await work.next()
        await until(own_db, ["queued"])


async def test_what_fails_is_tried_again_and_then_held(own_db: Database) -> None:
    work = Doing(failures=3)
    with capture_logs() as lines:
        await put(own_db)
        async with running(own_db, work):
            for _ in range(3):
                await work.next()
            await until(own_db, ["failed"])
    told = [line for line in lines if str(line["event"]).startswith("job.")]
    assert [(line["event"], line["tries"]) for line in told] == [
        ("job.failed", 1),
        ("job.failed", 2),
        ("job.held", 3),
    ]
    assert {line["kind"] for line in told} == {"deliver_webhook"}


@pytest.mark.parametrize("failures", [0, 1], ids=["told", "not told"])
async def test_whoever_waits_for_a_job_that_is_held_is_told(
    own_db: Database, failures: int
) -> None:
    work, told, case_id = Doing(failures=3), Doing(failures), new_id()
    kind = JobName.DELIVER_WEBHOOK
    await put(own_db, case_id)
    runner = Runner(own_db, {kind: work}, AT_ONCE, give_up={kind: told})
    runner.start()
    assert await told.next() == (ORG, (case_id,))
    await until(own_db, ["failed"])
    await runner.close()
    assert (work.calls.qsize(), told.calls.qsize()) == (3, 0)


async def test_all_that_is_old_is_forgotten_however_much_it_is(
    own_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.jobs.running._FORGOTTEN_AT_ONCE", 2)
    await own_db.fetch_unscoped(
        """insert into pgqueuer_log (job_id, status, priority, entrypoint, created)
           select n, 'successful', 0, 'of old', now() - n * interval '5 days'
           from generate_series(1, 6) as n"""
    )
    left = "select count(*) from pgqueuer_log where entrypoint = 'of old'"
    async with asyncio.timeout(PATIENCE), running(own_db, Doing()):
        while (await own_db.fetch_unscoped(left))[0][0] != 1:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def test_nothing_that_a_failure_says_is_written_down(own_db: Database) -> None:
    work = Doing(failures=3)
    await put(own_db)
    async with running(own_db, work):
        await until(own_db, ["failed"])
    rows = await own_db.fetch_unscoped("select traceback::text from pgqueuer_log")
    written = "".join(row[0] or "" for row in rows)
    assert "JobHeld" in written
    assert "rash" not in written


async def test_it_comes_back_when_the_database_does(
    own_server: TestServer, own_db: Database
) -> None:
    work = Doing()
    async with wire_to(own_server.application_dsn) as wire:
        db = await Database.connect(wire.dsn, size=2)
        async with running(db, work):
            await put(own_db)
            await work.next()
            await wire.cut()
            await put(own_db)
            await wire.mend()
            await work.next()
        await db.close()


async def test_it_ends_while_it_waits_for_an_answer_that_never_comes(
    own_server: TestServer, own_db: Database
) -> None:
    work = Doing()
    async with wire_to(own_server.application_dsn) as wire:
        db = await Database.connect(wire.dsn, size=2)
        runner = Runner(db, {JobName.DELIVER_WEBHOOK: work}, AT_ONCE)
        runner.start()
        await put(own_db)
        await work.next()
        wire.silence()
        await asyncio.sleep(2 * AT_ONCE.look_every.total_seconds())
        async with asyncio.timeout(PATIENCE):
            await runner.close()
        await db.close()


async def test_a_job_that_is_cut_off_at_the_end_is_another_s(own_db: Database) -> None:
    started = asyncio.Event()

    async def never_done(_: OrganizationId) -> None:
        started.set()
        await asyncio.Event().wait()

    await put(own_db)
    async with running(own_db, never_done):
        await asyncio.wait_for(started.wait(), PATIENCE)
    assert await statuses(own_db) == ["queued"]


async def test_a_job_that_needs_a_moment_gets_it_at_the_end(own_db: Database) -> None:
    started, done = asyncio.Event(), asyncio.Event()

    async def soon_done(_: OrganizationId) -> None:
        started.set()
        await asyncio.sleep(0.05)
        done.set()

    await put(own_db)
    async with running(own_db, soon_done):
        await asyncio.wait_for(started.wait(), PATIENCE)
    assert done.is_set()
    assert await statuses(own_db) == []


async def test_no_more_run_at_once_than_agreed(own_db: Database) -> None:
    now, most = 0, 0
    done = asyncio.Semaphore(0)

    async def counted(_: OrganizationId) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        done.release()

    for _ in range(12):
        await put(own_db)
    async with asyncio.timeout(PATIENCE), running(own_db, counted):
        for _ in range(12):
            await done.acquire()
    assert most == AT_ONCE.at_once


async def test_the_job_of_a_killed_process_is_done_by_another(
    own_server: TestServer, own_db: Database
) -> None:
    work, case_id = Doing(), new_id()
    await put(own_db, case_id)
    dying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.jobs.dying", own_server.application_dsn),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert dying.stdout is not None
    assert await dying.stdout.readline() == b"busy\n"
    dying.send_signal(signal.SIGKILL)
    await dying.wait()
    async with running(own_db, work):
        assert await work.next() == (ORG, (case_id,))
        await until(own_db, [])
