"""Reads the whole database as it was at one moment, as its owner, while others write. The wall
stands for the owner too, so walled tables are read one organisation after the other.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from casekeep.db.errors import DatabaseNotUsable
from casekeep.kernel.ids import OrganizationId

if TYPE_CHECKING:
    from casekeep.db.database import Connection

Sink = Callable[[bytes], Coroutine[Any, Any, None]]

SESSION = {
    "application_name": "casekeep backup",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
"""How values are written out and read in again, whatever the server is set to."""

_TABLES = """
    select c.relname::text as name, c.relrowsecurity as is_walled,
           array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                       and a.attgenerated = ''
    where n.nspname = 'public' and c.relkind = 'r' and not starts_with(c.relname, '_pogo_')
    group by c.oid, c.relname, c.relrowsecurity
    order by c.relname"""

_SEQUENCES = """
    select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'S' order by c.relname"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the schema: its name, whether the wall goes through it, and the columns that hold
    what was written (generated ones are made anew).
    """

    name: str
    is_walled: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a sequence stands: its last value, and whether that was given out already."""

    name: str
    value: int
    is_called: bool


class Snapshot:
    """The database at one moment: what is committed later is not in it."""

    def __init__(
        self,
        connection: "Connection",
        tables: tuple[Table, ...],
        organizations: tuple[OrganizationId, ...],
        migrations: tuple[str, ...],
    ) -> None:
        self._connection = connection
        self.tables = tables
        self.organizations = organizations
        self.migrations = migrations

    async def copy_out(self, table: Table, sink: Sink) -> int:
        """Write all rows of `table` to `sink` in PostgreSQL's text format for COPY; how many."""
        columns = ", ".join(map(quoted, table.columns))
        sql = f"select {columns} from {quoted(table.name)}"  # noqa: S608 - names of the catalogue
        if not table.is_walled:
            return await self._copy(sql, sink)
        own = "id" if table.name == "organizations" else "organization_id"
        return await self.copy_out_each(f"{sql} where {own} = $1", sink)

    async def copy_out_each(self, sql: str, sink: Sink) -> int:
        """The rows of `sql`, whose `$1` is the organisation, for every one of them in order."""
        rows = 0
        for organization_id in self.organizations:
            await self._connection.execute(
                "select set_config('app.organization_id', $1, true)", str(organization_id)
            )
            rows += await self._copy(sql, sink, organization_id)
        return rows

    async def counters(self) -> tuple[Counter, ...]:
        """Where every sequence stands; they run on outside of transactions, never back."""
        found: list[Counter] = []
        for each in await self._connection.fetch(_SEQUENCES):
            sql = f"select last_value, is_called from {quoted(each['name'])}"  # noqa: S608 - a name of the catalogue
            row = await self._connection.fetchrow(sql)
            if row is not None:
                found.append(Counter(each["name"], row["last_value"], row["is_called"]))
        return tuple(found)

    async def _copy(self, sql: str, sink: Sink, *arguments: object) -> int:
        tag = await self._connection.copy_from_query(sql, *arguments, output=sink, format="text")
        return int(tag.rpartition(" ")[2])


@asynccontextmanager
async def open_snapshot(owner_dsn: str) -> AsyncGenerator[Snapshot, None]:
    """The database as it is now, for as long as the context lasts. Others read and write on; only a
    change of the schema waits. Raises DatabaseNotUsable.
    """
    connection = await connect_as_owner(owner_dsn)
    try:
        tables = await tables_of(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            names = ", ".join(quoted(table.name) for table in tables)
            await connection.execute(f"lock table {names} in access share mode")
            rows = await connection.fetch("select all_organization_ids() as id")
            organizations = tuple(OrganizationId(row["id"]) for row in rows)
            yield Snapshot(connection, tables, organizations, await migrations_of(connection))
    except (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError) as error:
        raise DatabaseNotUsable(
            f"the database went away while it was read: {type(error).__name__}; try again"
        ) from error
    finally:
        await connection.close()


async def connect_as_owner(owner_dsn: str) -> "Connection":
    """A connection for long work, without a limit of time. Raises DatabaseNotUsable."""
    try:
        return await asyncpg.connect(owner_dsn, server_settings=SESSION)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseNotUsable(
            f"the database cannot be reached as its owner: {type(error).__name__}"
        ) from error


async def tables_of(connection: "Connection") -> tuple[Table, ...]:
    """Every table of the schema but those that migrations are counted in, by name."""
    rows = await connection.fetch(_TABLES)
    return tuple(Table(row["name"], row["is_walled"], tuple(row["columns"])) for row in rows)


async def migrations_of(connection: "Connection") -> tuple[str, ...]:
    """The names of the migrations that made the schema, sorted."""
    rows = await connection.fetch("select migration_id as name from _pogo_migration order by 1")
    return tuple(row["name"] for row in rows)


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
