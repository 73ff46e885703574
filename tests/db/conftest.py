"""Data folders for embedded servers, and a look over the wall."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from casekeep.db.database import Database
from casekeep.db.embedded.sockets import short_name
from tests.db.furnished import Clinic, furnish
from tests.db.processes import wait_until_gone
from tests.support.database import TestServer, database_url


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder that does not exist yet; below folders that only this user can enter."""
    folder = tmp_path / "data"
    yield folder
    wait_until_gone(folder)
    left = f"casekeep-*-{short_name(folder.resolve())}*"
    for sockets in Path("/tmp").glob(left):  # noqa: S108 - the place that is under test
        shutil.rmtree(sockets)  # a killed leader leaves it, for the next one to use


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user can enter, below others like it."""
    folder = Path(tempfile.mkdtemp(prefix="casekeep-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture
async def above(server_dsn: str, test_server: TestServer) -> AsyncIterator[asyncpg.Connection]:
    """A superuser in the run's database, who sees every organisation: to look what there is."""
    database = urlsplit(test_server.owner_dsn).path.removeprefix("/")
    connection = await asyncpg.connect(database_url(server_dsn, database))
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def seeing(
    above: asyncpg.Connection, server_dsn: str, test_server: TestServer
) -> AsyncIterator[Database]:
    """The database through a role like the application's, that row-level security lets through."""
    name = urlsplit(test_server.owner_dsn).path.removeprefix("/")
    role, password = f"{name}_seeing", secrets.token_hex(16)
    await above.execute(
        f"create role {role} login bypassrls password '{password}' in role {name}_application"
    )
    try:
        db = await Database.connect(database_url(server_dsn, name, f"{role}:{password}"), size=1)
        yield db
        await db.close()
    finally:
        await above.execute(f"drop role {role}")


@pytest_asyncio.fixture
async def mine(db: Database) -> Clinic:
    return await furnish(db)


@pytest_asyncio.fixture
async def other(db: Database) -> Clinic:
    """A clinic with one case more, so that its last number is nobody else's."""
    return await furnish(db, cases=3)
