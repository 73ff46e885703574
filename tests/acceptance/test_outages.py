"""The database of one's own goes away under a running server, or falls silent."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.acceptance.running import Server, running_server
from tests.support.database import drop_database, make_owned_database
from tests.support.wire import Wire, wire_to


@pytest_asyncio.fixture
async def wire(admin: asyncpg.Connection, server_dsn: str) -> AsyncIterator[Wire]:
    name = f"away_{uuid4().hex[:12]}"
    url = await make_owned_database(admin, server_dsn, name)
    try:
        async with wire_to(url) as wire:
            yield wire
    finally:
        await drop_database(admin, name)


@pytest_asyncio.fixture
async def server(wire: Wire, tmp_path: Path) -> AsyncIterator[Server]:
    with ExitStack() as closing:
        running = running_server(
            tmp_path / "data", CASEKEEP_DATABASE_URL=wire.dsn, CASEKEEP_SHUTDOWN_SECONDS="2"
        )
        yield await asyncio.to_thread(closing.enter_context, running)
        await asyncio.to_thread(closing.close)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not holds():  # noqa: ASYNC110 - other processes decide
            await asyncio.sleep(0.05)


async def readiness(server: Server) -> int:
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.get(f"{server.url}/readyz")).status_code


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
async def test_server_processes_that_die_in_an_outage_are_replaced(
    wire: Wire, server: Server
) -> None:
    first = server.processes()
    assert len(first) == 2
    await wire.cut()
    for pid in first:
        os.kill(pid, signal.SIGKILL)
        await until(lambda pid=pid: pid not in server.processes())
    await until(lambda: len(server.processes() - first) == 2)
    # Only the new ones are left to answer, so an answer says that they have started.
    assert await readiness(server) == 503
    second = server.processes()
    await wire.mend()
    async with asyncio.timeout(40):
        while await readiness(server) != 200:  # noqa: ASYNC110 - other processes decide
            await asyncio.sleep(0.05)
    assert server.processes() == second
    assert await asyncio.to_thread(server.stop) == 0


async def test_sigterm_is_heeded_while_the_database_is_silent(wire: Wire, server: Server) -> None:
    assert await readiness(server) == 200
    wire.silence()
    asking = asyncio.create_task(readiness(server))
    await asyncio.sleep(0.5)
    server.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(server.process.wait, 30) == 0
    assert "server.killed" not in server.log()
    assert (await asyncio.gather(asking, return_exceptions=True))[0] != 200
