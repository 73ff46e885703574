"""A clinic with a database of its own, empty places beside it, and a depot in a folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from casekeep.blobs.folder_depot import FolderDepot
from tests.backups.clinic import Clinic, Place, Servers, made_clinic, made_place


@pytest.fixture
def servers(admin: asyncpg.Connection, server_dsn: str) -> Servers:
    return Servers(admin, server_dsn)


@pytest_asyncio.fixture
async def clinic(servers: Servers, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with made_place(servers, tmp_path) as place, made_clinic(place) as made:
        yield made


@pytest_asyncio.fixture
async def elsewhere(servers: Servers, tmp_path: Path) -> AsyncIterator[Place]:
    async with made_place(servers, tmp_path) as place:
        yield place


@pytest.fixture
def depot(tmp_path: Path) -> FolderDepot:
    return FolderDepot(tmp_path / "depot")
