"""Work that must go on at one place only, however many machines there are: it holds a lock of the
database, by the name of the work, for as long as it lasts.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from casekeep.db.database import Database
from casekeep.db.errors import DatabaseNotUsable

if TYPE_CHECKING:
    from casekeep.db.database import Connection

R = TypeVar("R")

_TRY_LOCK = "select pg_try_advisory_lock(hashtextextended('casekeep ' || $1::text, 0))"
_LETTING_GO_SECONDS = 5.0


class UnderWayElsewhere(Exception):
    """Somebody does this work at the moment; the text says which."""


@asynccontextmanager
async def alone(db: Database, name: str) -> "AsyncGenerator[Connection | None, None]":
    """The connection that holds the lock of this name, and with which it ends; None while somebody
    else holds it.
    """
    connection = await db.listening_connection()
    try:
        yield connection if await connection.fetchval(_TRY_LOCK, name) else None
    finally:
        with suppress(Exception):  # cut off, it lets go of the lock as well
            await connection.close(timeout=_LETTING_GO_SECONDS)


async def ask_for_life(connection: "Connection", seconds: float) -> None:
    """Raises if the connection, and so what it holds, does not answer within `seconds`."""
    await connection.fetchval("select 1", timeout=seconds)


async def do_alone(db: Database, name: str, work: Callable[[], Awaitable[R]]) -> R:
    """The result of `work`, which is cancelled when the database lets go of the lock.

    Raises UnderWayElsewhere, DatabaseNotUsable when the lock was lost, and what `work` raises.
    """
    async with alone(db, name) as connection:
        if connection is None:
            raise UnderWayElsewhere(f"{name} is under way elsewhere")
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        return await _until(lost, asyncio.ensure_future(work()))


async def _until(lost: asyncio.Event, doing: "asyncio.Future[R]") -> R:
    losing = asyncio.create_task(lost.wait())
    try:
        await asyncio.wait([doing, losing], return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise DatabaseNotUsable("the database went away, and its lock with it; run this again")
        return doing.result()
    finally:
        for each in (losing, doing):
            each.cancel()
        await asyncio.gather(losing, doing, return_exceptions=True)
