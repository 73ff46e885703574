"""The one door for transactions. Rooms are handed a `Tx` inside a tenant's scope and never commit;
nothing else in the house opens a connection. Never hold a transaction while bytes move.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import asyncpg

from casekeep.kernel.ids import OrganizationId

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy
    from asyncpg.transaction import Transaction

    Connection = asyncpg.Connection[asyncpg.Record]
    PoolConnection = PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

Row = asyncpg.Record

_RECONNECT_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
_COMMAND_SECONDS = 60.0
_LETTING_GO_SECONDS = 3.0
"""For a rollback, or for a connection to become free; then it is dropped."""
_CLOSE_SECONDS = 5.0
_ENTER_SCOPE = "select set_config('app.organization_id', $1, true)"
_UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


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


async def _nothing_to_reset(_: object) -> None:
    """Pooled connections only ever hold settings of a transaction, which ended with it: asking the
    server to reset them would cost every request a second round trip.
    """


async def _roll_back(connection: "PoolConnection", transaction: "Transaction") -> None:
    """Roll back, or else drop the connection, whereupon the server does."""
    try:
        async with asyncio.timeout(_LETTING_GO_SECONDS):
            await transaction.rollback()
    except Exception:  # noqa: BLE001 - the caller has the cause, of which this is an effect
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


class Database:
    """A pool of connections as the application role, with a fair (FIFO) queue before it."""

    def __init__(self, pool: "Pool", size: int, dsn: str) -> None:
        self._pool = pool
        self._turn = asyncio.Semaphore(size)
        self._dsn = dsn

    @classmethod
    async def connect(cls, dsn: str, *, size: int) -> Self:
        """A pool of up to `size` connections to `dsn` (a libpq URL of the application role). They
        are opened when first needed, so a process can start while the database is away.
        """
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=size,
            timeout=_CONNECT_SECONDS,
            command_timeout=_COMMAND_SECONDS,
            max_inactive_connection_lifetime=0,
            reset=_nothing_to_reset,
            server_settings={"application_name": "casekeep", "timezone": "UTC"},
        )
        return cls(pool, size, dsn)

    async def close(self) -> None:
        """Close the pool, after the running transactions ended; those that take longer than some
        seconds are cut off.
        """
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def transaction(self, organization_id: OrganizationId) -> AsyncGenerator[Tx, None]:
        """A transaction in the scope of `organization_id`; commits unless the body raises. What
        the body raised comes out, also when the rollback fails because the connection is lost.
        """
        async with self._connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await connection.execute(_ENTER_SCOPE, str(organization_id))
                yield Tx(organization_id, connection)
            except BaseException:
                await _roll_back(connection, transaction)
                raise
            await transaction.commit()

    async def fetch_unscoped(self, sql: str, *arguments: object) -> list[Row]:
        """One statement outside any tenant: for functions that open their own scope, and for the
        few doors in the wall (such as `all_organization_ids`). Tables show no row here.
        """
        async with self._connection() as connection:
            return await connection.fetch(sql, *arguments)

    async def listening_connection(self) -> "Connection":
        """A connection of one's own, outside the pool, for LISTEN and session locks."""
        return await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT_SECONDS,
            command_timeout=_COMMAND_SECONDS,
            server_settings={"application_name": "casekeep listener", "timezone": "UTC"},
        )

    @asynccontextmanager
    async def _connection(self) -> "AsyncGenerator[PoolConnection, None]":
        async with self._turn:
            connection = await self._acquire()
            try:
                yield connection
            finally:
                # A connection that does not become free is dropped by the pool: what was done
                # with it is done, and is no failure of its user.
                with suppress(Exception):
                    await self._pool.release(connection, timeout=_LETTING_GO_SECONDS)

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
