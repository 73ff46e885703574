"""A clinic in a database of its own, with real files; places to restore it to; and a way to compare
two databases row by row and rule by rule.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg

from casekeep.audit.log import AuditLog
from casekeep.backups.manifests import find_backup
from casekeep.backups.progress import Silent
from casekeep.backups.restore_mark import RestoreMark
from casekeep.backups.restoring import Destination, Restored, restore_backup
from casekeep.backups.taking import Source, Taken, take_backup
from casekeep.blobs.depots import Depot
from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import BlobKey
from casekeep.db.database import Database
from casekeep.db.migrating import application_dsn_for, migrate_database
from casekeep.db.passwords import new_password
from casekeep.files.model import Category
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import claim_receiver
from casekeep.identity.model import Clinician
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.ids import CaseId, FileId
from tests.files.room import LIMITS, Room, body, pdf
from tests.support.database import database_url, drop_database, make_owned_database
from tests.support.factories import make_case, make_clinician, make_organization

VERSION = "9.9"


@dataclass(frozen=True)
class Servers:
    """Where databases are made: a superuser's connection, and the server's address."""

    admin: asyncpg.Connection
    dsn: str


@dataclass(frozen=True)
class Place:
    """An empty database and an empty data folder."""

    name: str
    owner_dsn: str
    application_dsn: str
    data: Path

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.data / "blobs")

    async def restore(self, depot: Depot, name: str | None = None) -> Restored:
        """Restore a backup, the newest by default, as the command does."""
        backup = await find_backup(depot, name)
        mark = RestoreMark(self.data)
        mark.put(backup.digest)
        to = Destination(mark, self.owner_dsn, self.application_dsn, True, self.store)
        return await restore_backup(depot, backup, to, Silent())


@dataclass(frozen=True)
class Clinic:
    """A files room over a database of its own, and what backs it up."""

    place: Place
    room: Room

    @property
    def source(self) -> Source:
        return Source(
            self.place.owner_dsn, self.room.db, self.room.blobs, self.place.data / "backing-up"
        )

    async def back_up(self, depot: Depot, clock: Clock = utc_now) -> Taken:
        return await take_backup(self.source, depot, Silent(), clock=clock, version=VERSION)

    async def clinician_with_case(self) -> tuple[Clinician, CaseId]:
        """A clinician of a new organisation, with a case."""
        clinician = await make_clinician(self.room.db, await make_organization(self.room.db))
        case = await make_case(
            self.room.db, clinician.organization_id, clinician_id=clinician.user_id
        )
        return clinician, case.id

    async def add(self, clinician: Clinician, case: CaseId, *texts: str) -> list[BlobKey]:
        """A real PDF in the case for each text."""
        async with self.room.receiving.batch(clinician) as batch:
            for text in texts:
                await batch.receive("report.pdf", body(pdf(text)), Category.LAB)
            files = await batch.keep_in_case(
                case, category=Category.LAB, is_phi=True, is_restricted=False
            )
        return [BlobKey(clinician.organization_id, FileId(file.id)) for file in files]

    async def purge(self, key: BlobKey) -> None:
        """A file destroyed for good: its row first, then its bytes."""
        async with self.room.db.transaction(key.organization_id) as tx:
            await tx.execute(
                "delete from files where organization_id = $1 and id = $2",
                key.organization_id,
                key.file_id,
            )
        await self.room.blobs.delete(key)

    async def bytes_of(self, keys: list[BlobKey]) -> dict[BlobKey, bytes]:
        return {key: await self.room.content(key) for key in keys}


@asynccontextmanager
async def made_place(servers: Servers, folder: Path) -> AsyncIterator[Place]:
    name = f"backup_{uuid4().hex[:12]}"
    try:
        owner_dsn = await make_owned_database(servers.admin, servers.dsn, name)
        application_dsn = application_dsn_for(owner_dsn, new_password())
        yield Place(name, owner_dsn, application_dsn, folder / name)
    finally:
        await drop_database(servers.admin, name)


@asynccontextmanager
async def made_clinic(place: Place) -> AsyncIterator[Clinic]:
    await migrate_database(place.owner_dsn, place.application_dsn)
    async with AsyncExitStack() as closing:
        db = await Database.connect(place.application_dsn, size=4)
        closing.push_async_callback(db.close)
        audit = AuditLog(db)
        closing.push_async_callback(audit.close)
        receiver = await claim_receiver(db)
        closing.push_async_callback(receiver.close)
        receiving = Receiving(db, place.store, audit, LIMITS, receiver.number)
        closing.push_async_callback(receiving.close)
        root = place.data / "blobs"
        yield Clinic(place, Room(db, place.store, audit, receiving, receiver.number, root))


async def all_rows(servers: Servers, place: Place) -> dict[str, list[str]]:
    """Every row of every table, by a superuser who sees over the wall."""
    async with _above(servers, place) as above:
        return {
            table: [
                row["content"]
                for row in await above.fetch(
                    f'select to_jsonb(t)::text as content from "{table}" t order by 1'
                )
            ]
            for table in await _tables(above)
            if not table.startswith("_pogo")
        }


_RULES = (
    """select c.relname, relrowsecurity::text, relforcerowsecurity::text, relacl::text
       from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'public'""",
    "select tablename, policyname, qual from pg_policies where schemaname = 'public'",
    """select conrelid::regclass::text, conname, pg_get_constraintdef(c.oid), convalidated::text
       from pg_constraint c join pg_namespace n on n.oid = connamespace where nspname = 'public'""",
    """select tgrelid::regclass::text, tgname, tgenabled::text from pg_trigger
       where not tgisinternal""",
    "select indexname, indexdef from pg_indexes where schemaname = 'public'",
    """select proname, proacl::text, prosecdef::text from pg_proc p
       join pg_namespace n on n.oid = pronamespace where nspname = 'public'""",
    "select migration_id from _pogo_migration",
)


async def rules(servers: Servers, place: Place) -> list[set[tuple[str, ...]]]:
    """Walls, policies, constraints, triggers, indexes, grants and migrations, with the roles called
    the same in every database.
    """
    async with _above(servers, place) as above:
        return [
            {
                tuple(str(value).replace(place.name, "DATABASE") for value in row)
                for row in await above.fetch(sql)
            }
            for sql in _RULES
        ]


async def counters(servers: Servers, place: Place) -> dict[str, int | None]:
    async with _above(servers, place) as above:
        rows = await above.fetch("select sequencename, last_value from pg_sequences")
        return {row["sequencename"]: row["last_value"] for row in rows}


@asynccontextmanager
async def _above(servers: Servers, place: Place) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url(servers.dsn, place.name))
    yield connection
    await connection.close()


async def _tables(above: asyncpg.Connection) -> list[str]:
    rows = await above.fetch("select tablename from pg_tables where schemaname = 'public'")
    return sorted(row["tablename"] for row in rows)
