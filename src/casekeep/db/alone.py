"""Work that must go on at one place only, however many machines there are: it holds a lock of the
database for as long as it lasts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from casekeep.db.database import Database
from casekeep.db.errors import DatabaseNotUsable

R = TypeVar("R")

_TRY_LOCK = "select pg_try_advisory_lock(hashtextextended('casekeep ' || $1::text, 0))"


class UnderWayElsewhere(Exception):
    """Somebody does this work at the moment; the text says which."""


async def do_alone(db: Database, name: str, work: Callable[[], Awaitable[R]]) -> R:
    """The result of `work`, which is cancelled when the database lets go of the lock.

    Raises UnderWayElsewhere, DatabaseNotUsable when the lock was lost, and what `work` raises.
    """
    connection = await db.listening_connection()
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        if not await connection.fetchval(_TRY_LOCK, name):
            raise UnderWayElsewhere(f"{name} is under way elsewhere")
        return await _until(lost, asyncio.ensure_future(work()))
    finally:
        await connection.close()


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
