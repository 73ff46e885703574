"""A database of its own for each test, since the queue serves every organisation."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest_asyncio

from casekeep.db.addresses import external_addresses
from casekeep.db.database import Database
from casekeep.db.migrating import migrate_database
from tests.support.database import TestServer, drop_database, make_owned_database


@pytest_asyncio.fixture
async def own_server(
    admin: asyncpg.Connection, server_dsn: str, tmp_path: Path
) -> AsyncIterator[TestServer]:
    name = f"test_{uuid4().hex[:12]}"
    try:
        owner_dsn = await make_owned_database(admin, server_dsn, name)
        addresses = external_addresses(owner_dsn, None, tmp_path / "secrets")
        await migrate_database(addresses.owner_dsn, addresses.application_dsn)
        yield TestServer(owner_dsn, addresses.application_dsn)
    finally:
        await drop_database(admin, name)


@pytest_asyncio.fixture
async def own_db(own_server: TestServer) -> AsyncIterator[Database]:
    """The application's door to that database."""
    database = await Database.connect(own_server.application_dsn, size=4)
    yield database
    await database.close()
