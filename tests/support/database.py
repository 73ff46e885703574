"""A real PostgreSQL for the tests, migrated once a run, and always used as the application role."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from casekeep.db.database import Database
from casekeep.db.migrating import application_dsn_for, migrate_database, new_password


@dataclass(frozen=True)
class TestServer:
    """Addresses of the run's database: as its owner, and as the application."""

    __test__ = False
    owner_dsn: str
    application_dsn: str


@pytest.fixture(scope="session")
def server_dsn() -> str:
    """A superuser's URL of a running server, without a database name."""
    return os.environ["CASEKEEP_TEST_SERVER_URL"]


@pytest_asyncio.fixture(scope="session")
async def test_server(server_dsn: str) -> AsyncIterator[TestServer]:
    name = f"test_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(f"{server_dsn}/postgres")
    await admin.execute(f"create role {name}_owner login createrole password 'owner'")
    await admin.execute(f"create database {name} owner {name}_owner")
    address = server_dsn.rpartition("@")[2]
    owner_dsn = f"postgresql://{name}_owner:owner@{address}/{name}"
    application_dsn = application_dsn_for(owner_dsn, new_password())
    try:
        await migrate_database(owner_dsn, application_dsn)
        yield TestServer(owner_dsn, application_dsn)
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()


@pytest_asyncio.fixture(scope="session")
async def db(test_server: TestServer) -> AsyncIterator[Database]:
    """The application's door to the run's database."""
    database = await Database.connect(test_server.application_dsn, size=8)
    yield database
    await database.close()
