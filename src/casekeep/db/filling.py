"""Fills an empty database with the rows of a snapshot, as its owner, in one transaction: it holds
all of them, or none.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.snapshots import (
    Counter,
    Table,
    connect_as_owner,
    migrations_of,
    quoted,
    tables_of,
)

if TYPE_CHECKING:
    from casekeep.db.database import Connection

_FOREIGN_KEYS = """
    select c.conrelid::regclass::text as at, c.conname::text as name,
           pg_get_constraintdef(c.oid) as definition
    from pg_constraint c join pg_namespace n on n.oid = c.connamespace
    where n.nspname = 'public' and c.contype = 'f' and c.conparentid = 0
    order by c.oid"""

_FORCED = """
    select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'r' and c.relforcerowsecurity order by c.relname"""


class Filling:
    """The transaction that fills the database."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    async def copy_in(
        self, table: str, columns: Sequence[str], pieces: AsyncIterable[bytes]
    ) -> int:
        """Add rows to `table`, from the text format of COPY; how many."""
        tag = await self._connection.copy_to_table(
            table, source=pieces, columns=columns, schema_name="public", format="text"
        )
        return int(tag.rpartition(" ")[2])

    async def change(self, sql: str, *arguments: object) -> None:
        """Change rows by a statement of a room, which no trigger hears of."""
        await self._connection.execute(sql, *arguments)

    async def set_counter(self, counter: Counter) -> None:
        """Let a sequence go on where it stood."""
        sql = "select setval($1::text::regclass, $2, $3)"
        name = f"public.{quoted(counter.name)}"
        await self._connection.execute(sql, name, counter.value, counter.is_called)


@asynccontextmanager
async def open_filling(owner_dsn: str) -> AsyncGenerator[Filling, None]:
    """Fill the tables; when the context is left without an error, every rule of the schema stands
    again, was checked against all rows, and all is committed.

    For the time of the transaction there are no foreign keys, no triggers and, for the owner, no
    wall. Raises DatabaseNotUsable for rows that the schema refuses.
    """
    connection = await connect_as_owner(owner_dsn)
    try:
        async with connection.transaction():
            tables = await tables_of(connection)
            keys = await connection.fetch(_FOREIGN_KEYS)
            forced = [row["name"] for row in await connection.fetch(_FORCED)]
            await _run(connection, _taken_down(tables, keys, forced))
            yield Filling(connection)
            await _run(connection, _put_up_again(tables, keys, forced))
        await _run(connection, [f"analyze {quoted(table.name)}" for table in tables])
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
        raise DatabaseNotUsable(
            f"the rows do not fit the schema ({error.sqlstate}); nothing of them was kept"
        ) from error
    finally:
        await connection.close()


def _taken_down(
    tables: Sequence[Table], keys: Sequence[asyncpg.Record], forced: Sequence[str]
) -> list[str]:
    return [
        *(f"alter table {key['at']} drop constraint {quoted(key['name'])}" for key in keys),
        *(f"alter table {quoted(table.name)} disable trigger user" for table in tables),
        *(f"alter table {quoted(name)} no force row level security" for name in forced),
    ]


def _put_up_again(
    tables: Sequence[Table], keys: Sequence[asyncpg.Record], forced: Sequence[str]
) -> list[str]:
    return [
        *(
            f"alter table {key['at']} add constraint {quoted(key['name'])} {key['definition']}"
            for key in keys
        ),
        *(f"alter table {quoted(table.name)} enable trigger user" for table in tables),
        *(f"alter table {quoted(name)} force row level security" for name in forced),
    ]


async def _run(connection: "Connection", statements: Sequence[str]) -> None:
    for statement in statements:
        await connection.execute(statement)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: whether anything at all, and the migrations that made its schema."""

    is_filled: bool
    migrations: tuple[str, ...] = ()


async def look_into(owner_dsn: str) -> Contents:
    """What the database holds. Tables of somebody else are something. Raises DatabaseNotUsable."""
    connection = await connect_as_owner(owner_dsn)
    try:
        tables = await tables_of(connection)
        if await connection.fetchval("select to_regclass('public._pogo_migration')") is None:
            return Contents(is_filled=bool(tables))
        return Contents(
            is_filled=any([await _has_rows(connection, table) for table in tables]),
            migrations=await migrations_of(connection),
        )
    finally:
        await connection.close()


async def _has_rows(connection: "Connection", table: Table) -> bool:
    """Of a walled table no row shows here; but none has any while there is no organisation, and
    the directory of those is not walled.
    """
    sql = f"select exists (select from {quoted(table.name)})"  # noqa: S608 - a name of the catalogue
    return await connection.fetchval(sql)
