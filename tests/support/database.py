"""A real PostgreSQL for the tests, migrated once a run, and always used as the application role. It
is Casekeep's own embedded server, or the one that CASEKEEP_TEST_SERVER_URL names.
"""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from casekeep.db.addresses import EmbeddedServer
from casekeep.db.database import Database
from casekeep.db.migrating import application_dsn_for, migrate_database
from casekeep.db.passwords import new_password


@dataclass(frozen=True)
class TestServer:
    """Addresses of the run's database: as its owner, and as the application."""

    __test__ = False
    owner_dsn: str
    application_dsn: str


def database_url(server: str, database: str, login: str | None = None) -> str:
    """The URL of one database of a server. `login`: `role:password` instead of the server's."""
    parts = urlsplit(server)
    own, _, address = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login or own}@{address}", path=f"/{database}"))


async def make_owned_database(admin: "asyncpg.Connection", server: str, name: str) -> str:
    """A new database with an owner who is no superuser; the owner's URL."""
    await admin.execute(f"create role {name}_owner login createrole password 'owner'")
    await admin.execute(f"create database {name} owner {name}_owner")
    return database_url(server, name, f"{name}_owner:owner")


@pytest.fixture(scope="session")
def server_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A superuser's URL of a running server; `database_url` makes one of a database from it."""
    named = os.environ.get("CASEKEEP_TEST_SERVER_URL")
    if named:
        yield named
        return
    with EmbeddedServer(tmp_path_factory.mktemp("server"), durable=False) as server:
        superuser_dsn = server.start_or_join(keep=False).superuser_dsn
        assert superuser_dsn is not None
        yield superuser_dsn


@pytest_asyncio.fixture(scope="session")
async def admin(server_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection, to prepare what a test needs; never to test with."""
    connection = await asyncpg.connect(database_url(server_dsn, "postgres"))
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="session")
async def test_server(admin: asyncpg.Connection, server_dsn: str) -> AsyncIterator[TestServer]:
    name = f"test_{uuid4().hex[:12]}"
    try:
        owner_dsn = await make_owned_database(admin, server_dsn, name)
        application_dsn = application_dsn_for(owner_dsn, new_password())
        await migrate_database(owner_dsn, application_dsn)
        yield TestServer(owner_dsn, application_dsn)
    finally:
        await drop_database(admin, name)


async def drop_database(admin: asyncpg.Connection, name: str) -> None:
    """Remove what `make_owned_database` and a migration made."""
    await admin.execute(f"drop database if exists {name} with (force)")
    for role in (f"{name}_app", f"{name}_application", f"{name}_owner"):
        await admin.execute(f"drop role if exists {role}")


@pytest_asyncio.fixture(scope="session")
async def db(test_server: TestServer) -> AsyncIterator[Database]:
    """The application's door to the run's database."""
    database = await Database.connect(test_server.application_dsn, size=8)
    yield database
    await database.close()
