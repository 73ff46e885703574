"""A server that may be struck, and the process whose forks are, for the whole run."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from casekeep.db.addresses import EmbeddedServer
from tests.faults.places import Ground, made_ground
from tests.faults.runs import is_passed_over
from tests.faults.struck import Actors, opened_actors


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    passed_over = [item for item in items if is_passed_over(item)]
    items[:] = [item for item in items if item not in passed_over]
    config.hook.pytest_deselected(items=passed_over)


@pytest.fixture(scope="session")
def struck_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A superuser's URL, and the server's folder. What is lost in a power cut is not asked here:
    processes are killed, and the machine runs on.
    """
    folder = tmp_path_factory.mktemp("struck")
    with EmbeddedServer(folder, durable=False) as server:
        dsn = server.start_or_join(keep=False).superuser_dsn
        assert dsn is not None
        yield dsn, folder / "postgres"


@pytest_asyncio.fixture(scope="session")
async def ground(
    struck_server: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Ground:
    dsn, cluster = struck_server
    return await made_ground(dsn, str(cluster), tmp_path_factory.mktemp("places"))


@pytest_asyncio.fixture(scope="session")
async def actors(
    s3_credentials: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Actors]:
    async with opened_actors(tmp_path_factory.mktemp("actors")) as opened:
        yield opened
