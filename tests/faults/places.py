"""A server of its own, since it will be struck, and a database and a folder for each run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import msgspec

from casekeep.db.migrating import application_dsn_for, migrate_database
from tests.faults.acting import Place
from tests.support.database import database_url, make_owned_database


@dataclass(frozen=True)
class Ground:
    """Where places are made. `original`: a migrated database to which nobody is connected."""

    superuser_dsn: str
    cluster: str
    original: Place
    folder: Path

    async def new(self, data: Path, *, migrated: bool = True) -> Place:
        """A place with a database of its own in the folder `data`."""
        name, original = f"struck_{uuid4().hex[:12]}", self.original
        owner_dsn = database_url(original.owner_dsn, name)
        owner = urlsplit(original.owner_dsn)
        template = owner.path[1:] if migrated else "template1"
        await self._do(f"create database {name} template {template} owner {owner.username}")
        application = database_url(original.application_dsn, name) if migrated else ""
        return Place(self.cluster, str(data), owner_dsn, application)

    async def drop(self, place: Place) -> None:
        """Remove the database of a place."""
        name = urlsplit(place.owner_dsn).path[1:]
        await self._do(f"drop database if exists {name} with (force)")
        if not place.application_dsn:
            await self._do(f"drop role if exists {name}_app")

    async def _do(self, statement: str) -> None:
        admin = await asyncpg.connect(self.superuser_dsn)
        try:
            await admin.execute(statement)
        finally:
            await admin.close()


async def made_ground(superuser_dsn: str, cluster: str, folder: Path) -> Ground:
    admin = await asyncpg.connect(superuser_dsn)
    try:
        owner_dsn = await make_owned_database(admin, superuser_dsn, "struck")
    finally:
        await admin.close()
    application_dsn = application_dsn_for(owner_dsn, "application")
    await migrate_database(owner_dsn, application_dsn)
    original = Place(cluster, "", owner_dsn, application_dsn)
    return Ground(superuser_dsn, cluster, original, folder)


@asynccontextmanager
async def made_place(ground: Ground, *, migrated: bool = True) -> AsyncIterator[Place]:
    """A place for one run."""
    place = await ground.new(ground.folder / uuid4().hex, migrated=migrated)
    try:
        yield place
    finally:
        await ground.drop(place)


def with_blobs(place: Place, blobs: str, blobs_from: str = "") -> Place:
    """The same place with its bytes elsewhere."""
    return msgspec.structs.replace(place, blobs=blobs, blobs_from=blobs_from)
