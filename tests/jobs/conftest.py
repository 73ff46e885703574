"""A database of its own for each test, since the queue serves every organisation: a copy of one
that is migrated once a run.
"""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest_asyncio

from casekeep.db.database import Database
from casekeep.db.migrating import application_dsn_for, migrate_database
from casekeep.db.passwords import new_password
from tests.support.database import TestServer, database_url, drop_database, make_owned_database


@pytest_asyncio.fixture(scope="session")
async def migrated(admin: asyncpg.Connection, server_dsn: str) -> AsyncIterator[TestServer]:
    """What is copied: nobody may be connected to it meanwhile."""
    name = f"test_{uuid4().hex[:12]}"
    try:
        owner_dsn = await make_owned_database(admin, server_dsn, name)
        application_dsn = application_dsn_for(owner_dsn, new_password())
        await migrate_database(owner_dsn, application_dsn)
        yield TestServer(owner_dsn, application_dsn)
    finally:
        await drop_database(admin, name)


@pytest_asyncio.fixture
async def own_server(admin: asyncpg.Connection, migrated: TestServer) -> AsyncIterator[TestServer]:
    """A copy, whose roles are those of the original."""
    name, original = f"test_{uuid4().hex[:12]}", urlsplit(migrated.owner_dsn)
    try:
        await admin.execute(
            f"create database {name} template {original.path[1:]} owner {original.username}"
        )
        yield TestServer(
            database_url(migrated.owner_dsn, name), database_url(migrated.application_dsn, name)
        )
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")


@pytest_asyncio.fixture
async def own_db(own_server: TestServer) -> AsyncIterator[Database]:
    """The application's door to that database."""
    database = await Database.connect(own_server.application_dsn, size=4)
    yield database
    await database.close()
