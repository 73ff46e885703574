"""Clears away files that were begun and not kept: row marked, bytes deleted, row deleted, in that
order, so that bytes without a row never exist. It never touches a file that was kept.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import structlog

from casekeep.blobs.store import BlobKey, BlobStore
from casekeep.db.database import Database
from casekeep.files import queries_receiving
from casekeep.kernel.ids import FileId, OrganizationId

log = structlog.get_logger()

_PAUSES = (1.0, 5.0)
_LAST_PAUSE = 30.0
_CLOSING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Discarded:
    """What became of a discard: how many rows went, and which stay because their bytes did."""

    count: int
    left: frozenset[FileId] = frozenset()


async def discard(
    db: Database, blobs: BlobStore, organization_id: OrganizationId, file_ids: Sequence[FileId]
) -> Discarded:
    """Remove rows and bytes of these files, unless they are stored. Bytes that the disk does not
    let go of keep their row, and hold up no others. Doing it twice, or at two places at once, is
    harmless.

    A commit whose outcome nobody heard of may still be under way: its row locks make the first
    statement wait for it, and then what was committed stays.
    """
    async with db.transaction(organization_id) as tx:
        await queries_receiving.mark_discarded(tx, file_ids)
        stored = await queries_receiving.stored_among(tx, file_ids)
    unkept = [file_id for file_id in file_ids if file_id not in stored]
    keys = [BlobKey(organization_id, file_id) for file_id in unkept]
    left = frozenset([key.file_id for key in keys if not await _is_deleted(blobs, key)])
    gone = [file_id for file_id in unkept if file_id not in left]
    async with db.transaction(organization_id) as tx:
        return Discarded(await queries_receiving.delete_discarded(tx, gone), left)


async def _is_deleted(blobs: BlobStore, key: BlobKey) -> bool:
    try:
        await blobs.delete(key)
    except Exception as error:  # noqa: BLE001 - whatever it was, the row says what is left to do
        log.warning("bytes_left", file_id=str(key.file_id), cause=type(error).__name__)
        return False
    return True


class Discards:
    """Discards that go on although the request that caused them is gone."""

    def __init__(self, db: Database, blobs: BlobStore) -> None:
        self._db = db
        self._blobs = blobs
        self._tasks: set[asyncio.Task[None]] = set()
        self._retries: set[asyncio.Task[None]] = set()

    async def discard(self, organization_id: OrganizationId, file_ids: Sequence[FileId]) -> None:
        """Discard now, and wait for it. A caller that is cancelled leaves it running. If database
        or disk do not let it happen now, it is tried again in the background; raises nothing.
        """
        await asyncio.shield(_spawn(self._tasks, self._first_try(organization_id, file_ids)))

    async def close(self) -> None:
        """Wait a few seconds for discards under way; the sweeper finishes what is left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSING_SECONDS)
        for task in (left := [*self._tasks, *self._retries]):
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _first_try(self, organization_id: OrganizationId, file_ids: Sequence[FileId]) -> None:
        if not await self._try(organization_id, file_ids):
            _spawn(self._retries, self._try_again(organization_id, file_ids))

    async def _try_again(self, organization_id: OrganizationId, file_ids: Sequence[FileId]) -> None:
        for pause in chain(_PAUSES, repeat(_LAST_PAUSE)):
            await asyncio.sleep(pause)
            if await self._try(organization_id, file_ids):
                return

    async def _try(self, organization_id: OrganizationId, file_ids: Sequence[FileId]) -> bool:
        try:
            discarded = await discard(self._db, self._blobs, organization_id, file_ids)
        except Exception as error:  # noqa: BLE001 - whatever it was, the rows say what is left to do
            log.warning("discard_postponed", files=len(file_ids), cause=type(error).__name__)
            return False
        return not discarded.left


def _spawn(tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task
