"""Who runs the server when somebody leaves, and what survives when something is killed."""

import asyncio
import os
import signal
import time
from pathlib import Path

import asyncpg
import psutil
import pytest
from structlog.testing import capture_logs

from casekeep.db.addresses import EmbeddedServer
from casekeep.db.database import Database
from casekeep.db.embedded import orphans
from casekeep.db.embedded.locks import Lock
from casekeep.db.migrating import migrate_database
from tests.db.processes import (
    PATIENCE,
    cluster,
    measured,
    peer,
    postmaster,
    run,
    wait_for,
    wait_until_gone,
)
from tests.support.factories import make_organization

KEPT = "select words from notes"


async def write(dsn: str) -> None:
    await run(dsn, "create table notes as select 'committed' as words")


async def kept(dsn: str) -> float:
    """That the row is there once the server answers; seconds until then."""
    rows, seconds = await wait_for(dsn, KEPT)
    assert [row["words"] for row in rows] == ["committed"]
    return seconds


async def busy(dsn: str) -> asyncio.Task[object]:
    """A statement that looks neither left nor right for a long time."""
    connection = await asyncpg.connect(dsn)
    count = "select count(*) from generate_series(1, 99999) a, generate_series(1, 99999) b"
    await connection.execute("set max_parallel_workers_per_gather = 0")
    task = asyncio.create_task(connection.fetchval(count))
    pid = connection.get_server_pid()
    await asyncio.to_thread(wait_until_it_runs, pid)
    return task


def wait_until_it_runs(pid: int) -> None:
    """Until a process of the server has worked for a few hundredths of a second."""
    give_up = time.monotonic() + PATIENCE
    while psutil.Process(pid).cpu_times().user < 0.05:
        assert time.monotonic() < give_up
        time.sleep(0.005)


async def cut_off(task: asyncio.Task[object]) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await asyncio.wait_for(task, PATIENCE)


async def test_a_killed_postmaster_comes_back_with_what_was_committed(data: Path) -> None:
    with EmbeddedServer(data) as server:
        dsn = server.start_or_join(keep=True).owner_dsn
        await write(dsn)
        before = postmaster(data)
        os.kill(before, signal.SIGKILL)
        measured("postmaster killed, idle", await kept(dsn))
        assert postmaster(data) != before


async def test_a_killed_postmaster_comes_back_although_a_process_of_it_is_busy(data: Path) -> None:
    with EmbeddedServer(data) as server:
        dsn = server.start_or_join(keep=True).owner_dsn
        await write(dsn)
        work = await busy(dsn)
        os.kill(postmaster(data), signal.SIGKILL)
        measured("postmaster killed, busy", await kept(dsn))
        await cut_off(work)


async def test_it_comes_back_every_time(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        dsn = server.start_or_join(keep=True).owner_dsn
        await write(dsn)
        for _ in range(3):
            os.kill(postmaster(data), signal.SIGKILL)
            await kept(dsn)


async def test_a_killed_backend_is_recovered_from(data: Path) -> None:
    with EmbeddedServer(data) as server:
        dsn = server.start_or_join(keep=True).owner_dsn
        await write(dsn)
        before = postmaster(data)
        connection = await asyncpg.connect(dsn)
        work = asyncio.create_task(connection.execute("select pg_sleep(60)"))
        os.kill(connection.get_server_pid(), signal.SIGKILL)
        await cut_off(work)
        measured("backend killed", await kept(dsn))
        assert postmaster(data) == before


async def test_the_applications_pool_lives_through_a_restart(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        addresses = server.start_or_join(keep=True)
        await migrate_database(addresses.owner_dsn, addresses.application_dsn)
        db = await Database.connect(addresses.application_dsn, size=2)
        try:
            organization_id = await make_organization(db)
            os.kill(postmaster(data), signal.SIGKILL)
            await wait_for(addresses.owner_dsn, "select 1")
            async with db.transaction(organization_id) as tx:
                assert await tx.fetch_value("select count(*) from organizations") == 1
        finally:
            await db.close()


async def test_the_server_goes_with_a_killed_leader_and_starts_again(data: Path) -> None:
    with peer(data, keep=True) as leader:
        dsn = leader.said()["owner"]
        await write(dsn)
        work = await busy(dsn)
        leader.kill()
        began = time.monotonic()
        wait_until_gone(data)
        measured("leader killed, server gone", time.monotonic() - began)
        await cut_off(work)
    with EmbeddedServer(data) as server:
        assert server.start_or_join(keep=True).owner_dsn == dsn
        await kept(dsn)


async def test_a_start_right_after_a_killed_leader_waits_for_its_server_to_end(data: Path) -> None:
    with peer(data, keep=True) as leader:
        dsn = leader.said()["owner"]
        await write(dsn)
        leader.kill()
        with EmbeddedServer(data) as server:
            began = time.monotonic()
            server.start_or_join(keep=True)
            measured("leader killed, next start", time.monotonic() - began)
            await kept(dsn)


async def test_leader_and_postmaster_killed_while_a_process_is_busy(data: Path) -> None:
    """Nobody is left to clear up but the next one who comes."""
    with peer(data, keep=True) as leader:
        dsn = leader.said()["owner"]
        await write(dsn)
        work = await busy(dsn)
        os.kill(leader.process.pid, signal.SIGSTOP)
        os.kill(postmaster(data), signal.SIGKILL)
        leader.kill()
        assert orphans.processes_in(cluster(data))
        with EmbeddedServer(data) as server:
            server.start_or_join(keep=True)
            await kept(dsn)
        await cut_off(work)


async def test_who_stays_takes_over_when_the_leader_leaves(data: Path) -> None:
    with peer(data) as leader, EmbeddedServer(data) as server:
        dsn = leader.said()["owner"]
        await write(dsn)
        assert server.start_or_join(keep=True).owner_dsn == dsn
        before = postmaster(data)
        began = time.monotonic()
        assert leader.leave() == 0
        await kept(dsn)
        measured("leader left, taken over", time.monotonic() - began)
        assert postmaster(data) != before
    wait_until_gone(data)


async def test_who_stays_takes_over_when_the_leader_is_killed(data: Path) -> None:
    with peer(data, keep=True) as leader, EmbeddedServer(data) as server:
        dsn = leader.said()["owner"]
        await write(dsn)
        server.start_or_join(keep=True)
        before = postmaster(data)
        leader.kill()
        await asyncio.to_thread(wait_for_another, data, before)
        measured("leader killed, taken over", await kept(dsn))


def wait_for_another(data: Path, before: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while orphans.postmaster(cluster(data)) in (None, before):
        assert time.monotonic() < give_up
        time.sleep(0.005)


async def test_of_several_who_stay_one_takes_over_after_another(data: Path) -> None:
    with peer(data) as first, peer(data, keep=True) as second, peer(data, keep=True) as third:
        dsn, _, _ = (each.said()["owner"] for each in (first, second, third))
        await write(dsn)
        for leaving in (first, second):
            assert leaving.leave() == 0
            await kept(dsn)
        assert third.leave() == 0
    wait_until_gone(data)


async def test_a_leader_who_leaves_waits_for_a_visitor(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        dsn = server.start_or_join(keep=True).owner_dsn
        with peer(data) as visitor:
            visitor.said()
            connection = await asyncpg.connect(dsn)
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            await asyncio.to_thread(wait_until_closed, data / "postgres.door")
            # Whoever comes now has to wait, and leads when the leader has gone.
            with peer(data) as late:
                # A server that is being stopped would cut this off.
                assert await connection.fetchval("select 1 from pg_sleep(0.5)") == 1
                assert not stopping.done()
                assert visitor.leave() == 0
                await stopping
                late.said()
                await run(dsn, "select 1")
            connection.terminate()


def wait_until_closed(door: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        lock = Lock(door)
        is_open = lock.share()
        lock.close()
        if not is_open:
            return
        assert time.monotonic() < give_up
        time.sleep(0.005)


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        server.start_or_join(keep=True)
        assert os.getsid(postmaster(data)) != os.getsid(0)
        assert os.getpgid(postmaster(data)) != os.getpgid(0)


async def test_the_log_names_events_and_no_data(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        dsn = server.start_or_join(keep=True).owner_dsn
        await run(dsn, "create table people (email text unique)")
        insert = "insert into people values ('pat@example.org')"
        await run(dsn, insert)
        for faulty in (insert, "select 'pat@example.org'::int", "selec 'pat@example.org'"):
            with pytest.raises(asyncpg.PostgresError):
                await run(dsn, faulty)
        with capture_logs() as logs:
            os.kill(postmaster(data), signal.SIGKILL)
            await wait_for(dsn, "select 1")
    assert [entry["event"] for entry in logs] == ["database.ended"]
    text = (data / "postgres.log").read_text()
    assert "ready to accept connections" in text
    assert "pat@" not in text
    assert "people" not in text
