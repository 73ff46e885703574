"""The one door for transactions. Rooms are handed a `Tx` inside a tenant's scope and never commit;
nothing else in the house opens a connection. Never hold a transaction while bytes move.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import asyncpg

from casekeep.kernel.ids import OrganizationId

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record]
    PoolConnection = PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

Row = asyncpg.Record

_RECONNECT_SECONDS = 10.0
_ENTER_SCOPE = "select set_config('app.organization_id', $1, true)"
_UNREACHABLE = (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError)


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction within one organisation's scope: it sees that organisation's rows only."""

    organization_id: OrganizationId
    _connection: "PoolConnection"

    async def fetch(self, sql: str, *arguments: object) -> list[Row]:
        """All rows of a statement."""
        return await self._connection.fetch(sql, *arguments)

    async def fetch_row(self, sql: str, *arguments: object) -> Row | None:
        """The first row of a statement, or None."""
        return await self._connection.fetchrow(sql, *arguments)

    async def fetch_value(self, sql: str, *arguments: object) -> Any:  # noqa: ANN401 - as the column is
        """The first column of the first row, or None."""
        return await self._connection.fetchval(sql, *arguments)

    async def execute(self, sql: str, *arguments: object) -> int:
        """Run a statement; how many rows it changed."""
        tag = await self._connection.execute(sql, *arguments)
        return int(tag.rsplit(" ", 1)[-1]) if tag[-1:].isdigit() else 0

    async def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for every row of arguments, in one batch."""
        await self._connection.executemany(sql, rows)


async def _nothing_to_reset(_: object) -> None:
    """Pooled connections only ever hold settings of a transaction, which ended with it: asking the
    server to reset them would cost every request a second round trip.
    """


class Database:
    """A pool of connections as the application role, with a fair (FIFO) queue before it."""

    def __init__(self, pool: "Pool", size: int, dsn: str) -> None:
        self._pool = pool
        self._turn = asyncio.Semaphore(size)
        self._dsn = dsn

    @classmethod
    async def connect(cls, dsn: str, *, size: int) -> Self:
        """Open a pool of `size` connections to `dsn` (a libpq URL of the application role)."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            max_inactive_connection_lifetime=0,
            reset=_nothing_to_reset,
            server_settings={"application_name": "casekeep", "timezone": "UTC"},
        )
        return cls(pool, size, dsn)

    async def close(self) -> None:
        """Close the pool, after the running transactions ended."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self, organization_id: OrganizationId) -> AsyncGenerator[Tx, None]:
        """A transaction in the scope of `organization_id`; commits unless the body raises."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_ENTER_SCOPE, str(organization_id))
            yield Tx(organization_id, connection)

    async def fetch_unscoped(self, sql: str, *arguments: object) -> list[Row]:
        """One statement outside any tenant: for functions that open their own scope, and for the
        few doors in the wall (`find_sign_ins`, `all_organization_ids`). Tables show no row here.
        """
        async with self._connection() as connection:
            return await connection.fetch(sql, *arguments)

    async def listening_connection(self) -> "Connection":
        """A connection of one's own, outside the pool, for LISTEN and session locks."""
        return await asyncpg.connect(
            self._dsn, server_settings={"application_name": "casekeep listener", "timezone": "UTC"}
        )

    @asynccontextmanager
    async def _connection(self) -> "AsyncGenerator[PoolConnection, None]":
        async with self._turn:
            connection = await self._acquire()
            try:
                yield connection
            finally:
                await self._pool.release(connection)

    async def _acquire(self) -> "PoolConnection":
        """A live connection; waits through a restart of the server rather than fail at once."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _RECONNECT_SECONDS
        while True:
            try:
                return await self._pool.acquire()
            except _UNREACHABLE:
                if loop.time() > give_up:
                    raise
                await asyncio.sleep(0.05)
