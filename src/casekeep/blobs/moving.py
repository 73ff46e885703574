"""Moves blobs from one store to another while both are in use: copied, read back and compared,
and only then removed from the source. Killed at any point, it loses nothing: what is left in the
source is what is left to do.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from casekeep.blobs.objects import ObjectStore
from casekeep.blobs.store import BlobKey, BlobMissing, BlobStore, StoreUnavailable

log = structlog.get_logger()

_FAILURES_IN_A_ROW = 10
"""After so many, the fault is the store's and not a blob's."""
_COPIED_BY_PROVIDER = 5 * (1 << 30)
"""Bytes that S3 copies in one request."""
_DIFFER = "the two stores hold different bytes under one key"


class BlobsDiffer(Exception):
    """The two stores hold different bytes under one key; both stay as they are."""


@dataclass(slots=True)
class Moved:
    """What a move did so far: blobs, and bytes, that are safe in the target; blobs passed over,
    because they are still being written or were deleted meanwhile; and those that could not be
    moved, with the reason of the last one.
    """

    blobs: int = 0
    bytes: int = 0
    passed_over: int = 0
    failed: int = 0
    reason: str = ""


@dataclass
class Move:
    """From `source` to `target`, `at_once` blobs at a time. `keep`: the source keeps what it has.

    No two may run on the same stores at one moment: one would take the other's removals for
    deletions. The caller sees to that.
    """

    source: BlobStore
    target: BlobStore
    keep: bool = False
    at_once: int = 8
    on_progress: Callable[[Moved], None] = lambda _: None
    moved: Moved = field(default_factory=Moved)
    _in_a_row: int = 0

    async def run(self) -> Moved:
        """Move everything; what became of it. Goes on past a blob that fails, until so many fail
        in a row that the store must be at fault. Raises StoreUnavailable when the source cannot
        be listed.
        """
        listing, turn = self.source.keys(), asyncio.Lock()
        lanes = [asyncio.create_task(self._work(listing, turn)) for _ in range(self.at_once)]
        try:
            await asyncio.gather(*lanes)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
        return self.moved

    async def _work(self, listing: AsyncIterator[BlobKey], turn: asyncio.Lock) -> None:
        while self._in_a_row < _FAILURES_IN_A_ROW:
            async with turn:  # a listing gives one key at a time
                key = await anext(listing, None)
            if key is None:
                return
            await self._try(key)
            self.on_progress(self.moved)

    async def _try(self, key: BlobKey) -> None:
        try:
            size = await self._move(key)
        except BlobMissing:
            self.moved.passed_over += 1
        except (StoreUnavailable, BlobsDiffer) as error:
            self._in_a_row += 1
            self.moved.failed += 1
            self.moved.reason = str(error)
            log.warning("blob.not_moved", file_id=str(key.file_id), cause=str(error))
        else:
            self._in_a_row = 0
            self.moved.blobs += 1
            self.moved.bytes += size

    async def _move(self, key: BlobKey) -> int:
        """Move one blob; its size. Raises BlobMissing, StoreUnavailable, BlobsDiffer."""
        size = await self.source.size(key)
        if not await _holds(self.target, key):
            await self._bring_over(key, size)
        elif await self.target.size(key) != size:
            raise BlobsDiffer(_DIFFER)
        else:
            await self._compare(key, size, await _digest(self.source, key, size))
        await self._undo_if_deleted(key)
        if not self.keep:
            await self.source.delete(key)
        return size

    async def _bring_over(self, key: BlobKey, size: int) -> None:
        try:
            await self._compare(key, size, await self._copy_at_last(key, size))
        except BlobsDiffer:
            await self.target.delete(key)  # our own copy: the source still has the original
            raise
        except (StoreUnavailable, BlobMissing):
            await self._undo_if_deleted(key)
            raise

    async def _copy_at_last(self, key: BlobKey, size: int) -> bytes:
        """Copy, and once more if the first try met what a killed move had left half-written."""
        try:
            return await self._copy(key, size)
        except StoreUnavailable:
            await self.target.delete(key)
            return await self._copy(key, size)

    async def _copy(self, key: BlobKey, size: int) -> bytes:
        """Copy one blob, by the provider where it can; the SHA-256 of what the source has."""
        source, target = self.source, self.target
        if (
            isinstance(source, ObjectStore)
            and isinstance(target, ObjectStore)
            and target.is_beside(source)
            and size <= _COPIED_BY_PROVIDER
        ):
            await target.copy_from(source, key)
            return await _digest(source, key, size)
        async with target.receive(key) as writer, aclosing(source.read(key, 0, size)) as pieces:
            async for piece in pieces:
                await writer.write(piece)
            return (await writer.finish()).sha256

    async def _compare(self, key: BlobKey, size: int, sha256: bytes) -> None:
        """Raises BlobsDiffer unless the target gives back the same bytes, and no more."""
        if await self.target.size(key) != size or await _digest(self.target, key, size) != sha256:
            raise BlobsDiffer(_DIFFER)

    async def _undo_if_deleted(self, key: BlobKey) -> None:
        """Whoever deletes a blob removes it from the source first: what is gone from there while we
        copied must not stand in the target. Raises BlobMissing then.
        """
        if not await _holds(self.source, key):
            await self.target.delete(key)
            raise BlobMissing


async def count_blobs(store: BlobStore) -> int:
    """How many blobs a store has, finished or not. Raises StoreUnavailable."""
    count = 0
    async for _ in store.keys():
        count += 1
    return count


async def _holds(store: BlobStore, key: BlobKey) -> bool:
    try:
        await store.size(key)
    except BlobMissing:
        return False
    return True


async def _digest(store: BlobStore, key: BlobKey, size: int) -> bytes:
    digest = hashlib.sha256()
    async with aclosing(store.read(key, 0, size)) as pieces:
        async for piece in pieces:
            digest.update(piece)
    return digest.digest()
