"""Data folders for embedded servers, and a look over the wall."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from casekeep.db.embedded.sockets import short_name
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
