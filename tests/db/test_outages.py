"""The door to a database that is away, full, or silent: it waits, gives up in time, and tells the
cause.
"""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from casekeep.db.database import Database
from casekeep.kernel.ids import OrganizationId, new_id
from tests.support.database import TestServer, drop_database, make_owned_database
from tests.support.wire import Wire, wire_to

ORGANIZATION = OrganizationId(new_id())


@pytest_asyncio.fixture
async def wire(test_server: TestServer) -> AsyncIterator[Wire]:
    async with wire_to(test_server.application_dsn) as wire:
        yield wire


@pytest_asyncio.fixture
async def wired(wire: Wire) -> AsyncIterator[Database]:
    database = await Database.connect(wire.dsn, size=2)
    yield database
    await database.close()


async def test_a_process_can_start_while_the_database_is_away(wire: Wire) -> None:
    await wire.cut()
    database = await Database.connect(wire.dsn, size=2)
    asked = asyncio.create_task(database.fetch_unscoped("select 1 as one"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asked), 0.3)
    await wire.mend()
    async with asyncio.timeout(10):
        (row,) = await asked
    assert row["one"] == 1
    await database.close()


async def test_a_full_server_is_waited_for(admin: asyncpg.Connection, server_dsn: str) -> None:
    name = f"full_{uuid4().hex[:12]}"
    url = await make_owned_database(admin, server_dsn, name)
    try:
        await admin.execute(f"alter role {name}_owner connection limit 0")
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await asyncpg.connect(url)
        database = await Database.connect(url, size=1)
        asked = asyncio.create_task(database.fetch_unscoped("select 1 as one"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asked), 0.3)
        await admin.execute(f"alter role {name}_owner connection limit -1")
        async with asyncio.timeout(10):
            (row,) = await asked
        assert row["one"] == 1
        await database.close()
    finally:
        await drop_database(admin, name)


@pytest.mark.parametrize("cause", [LookupError, asyncio.CancelledError])
async def test_what_was_raised_in_a_lost_transaction_comes_out(
    wire: Wire, wired: Database, cause: type[BaseException]
) -> None:
    async def fail() -> None:
        async with wired.transaction(ORGANIZATION) as tx:
            await wire.cut()
            with pytest.raises((OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)):
                await tx.fetch("select 1")
            raise cause

    with pytest.raises(cause):
        await fail()
    await wire.mend()
    assert await wired.fetch_unscoped("select 1")


async def test_a_statement_that_loses_its_connection_says_so(wired: Database) -> None:
    async def fail() -> None:
        async with wired.transaction(ORGANIZATION) as tx:
            await tx.fetch("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises((OSError, asyncpg.PostgresError)):
        await fail()


async def test_a_silent_server_is_given_up(
    wire: Wire, wired: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.db.database._LETTING_GO_SECONDS", 0.1)
    await wired.fetch_unscoped("select 1")

    async def ask(database: Database) -> None:
        async with database.transaction(ORGANIZATION) as tx:
            wire.silence()
            await tx.fetch("select 1")

    async with asyncio.timeout(10):
        asked = asyncio.create_task(ask(wired))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asked, 0.3)


async def test_closing_does_not_wait_for_a_silent_server(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.db.database._CLOSE_SECONDS", 0.2)
    database = await Database.connect(wire.dsn, size=1)
    await database.fetch_unscoped("select 1")
    wire.silence()
    asked = asyncio.create_task(database.fetch_unscoped("select 1"))
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await database.close()
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await asked
