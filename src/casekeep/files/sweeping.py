"""Clears away what crashes left behind. Each process that receives files holds a lock of its own
number; files that were arriving at a number that nobody holds are nobody's, and go.
"""

import asyncio
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from casekeep.blobs.store import BlobStore
from casekeep.db.alone import ask_for_life
from casekeep.db.database import Database
from casekeep.db.organizations import organization_ids
from casekeep.files import queries_receiving
from casekeep.files.discarding import discard
from casekeep.kernel.ids import FileId, OrganizationId

if TYPE_CHECKING:
    from casekeep.db.database import Connection

log = structlog.get_logger()

_NUMBERS = 2**31 - 1
_ASK_EVERY = 10.0
_ANSWER_WITHIN = 5.0
_CLAIM_AGAIN = 0.5


class Receiver:
    """A number that this process alone holds, on a connection of its own; claimed again whenever
    that connection is lost.
    """

    def __init__(self, db: Database, number: int, connection: "Connection | None") -> None:
        """`connection`: what holds the number; None if it is still to be claimed."""
        self.number = number
        self._db = db
        self._lost = asyncio.Event()
        self._hold_on(connection)
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Let go of the number; what still arrives under it may be swept from now on."""
        self._keeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeper
        if self._connection is not None:
            with suppress(Exception):  # it is cut off then
                await self._connection.close(timeout=_ANSWER_WITHIN)

    def _hold_on(self, connection: "Connection | None") -> None:
        self._connection = connection
        if connection is None:
            self._lost.set()
            return
        self._lost.clear()
        connection.add_termination_listener(lambda _: self._lost.set())

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ASK_EVERY):
                    await self._lost.wait()
            if not await self._is_held():
                log.warning("receiver_lost", receiver=self.number)
                self._hold_on(await self._claimed_again())
                log.info("receiver_claimed_again", receiver=self.number)

    async def _is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            await ask_for_life(self._connection, _ANSWER_WITHIN)
        except Exception:  # noqa: BLE001 - no answer is an answer
            self._connection.terminate()
            return False
        return True

    async def _claimed_again(self) -> "Connection":
        """The same number, as soon as the server has noticed that the old connection is gone."""
        while True:
            await asyncio.sleep(_CLAIM_AGAIN)
            if connection := await _claimed(self._db, self.number):
                return connection


async def claim_receiver(db: Database) -> Receiver:
    """A receiver number that no other process holds. While the database is away it is a number
    that will be held as soon as it is back; nothing can be received until then anyway.
    """
    number = 1 + secrets.randbelow(_NUMBERS)
    return Receiver(db, number, await _claimed(db, number))


async def _claimed(db: Database, number: int) -> "Connection | None":
    """A connection that holds `number`; None if another one does, or the database is away."""
    with suppress(Exception):
        connection = await db.listening_connection()
        held = False
        try:
            held = await queries_receiving.try_to_hold(connection, number)
        finally:
            if not held:
                connection.terminate()
        return connection if held else None
    return None


async def sweep(db: Database, blobs: BlobStore) -> int:
    """Remove the rows and bytes of all unfinished files that nobody receives any more, in every
    organisation; how many. Files that are arriving right now are left alone.
    """
    count = 0
    for organization_id in await organization_ids(db):
        try:
            count += await _sweep_organization(db, blobs, organization_id)
        except Exception as error:  # noqa: BLE001 - one organisation's must not stop the others'
            log.warning("sweep_postponed", cause=type(error).__name__)
    return count


async def sweep_forever(db: Database, blobs: BlobStore, every: float) -> None:
    """Sweep at once and then `every` so many seconds, until cancelled."""
    while True:
        try:
            if count := await sweep(db, blobs):
                log.info("swept", files=count)
        except Exception as error:  # noqa: BLE001 - the next round may find a better world
            log.warning("sweep_failed", cause=type(error).__name__)
        await asyncio.sleep(every)


async def _sweep_organization(
    db: Database, blobs: BlobStore, organization_id: OrganizationId
) -> int:
    """What the disk does not let go of is passed over this time, so that the rest gets a turn."""
    count, left = 0, set[FileId]()
    while True:
        async with db.transaction(organization_id) as tx:
            file_ids = await queries_receiving.give_up_abandoned(tx, left)
        if not file_ids:
            return count
        discarded = await discard(db, blobs, organization_id, file_ids)
        count += discarded.count
        left |= discarded.left
