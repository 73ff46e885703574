"""Copies the blobs that a snapshot names into a depot, as they lie in the store, and none that the
depot has already. What was purged since the snapshot is noted as such.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from casekeep.backups.layout import BLOBS, blob_path
from casekeep.backups.model import BlobEntry, Gone
from casekeep.backups.parts import SpooledPart, lines_of
from casekeep.backups.progress import Progress
from casekeep.backups.queries import stored_among
from casekeep.blobs.depots import Depot, DepotMissing, Lying
from casekeep.blobs.store import BlobKey, BlobMissing, BlobStore
from casekeep.db.database import Database
from casekeep.kernel.ids import FileId, OrganizationId

Item = TypeVar("Item")

_AT_ONCE = 8
"""Blobs on their way at one moment: small ones wait for disks and networks most of the time."""


@dataclass(frozen=True, slots=True)
class Named:
    """A blob that the database names, and the size of its content."""

    key: BlobKey
    size: int


@dataclass(slots=True)
class Tally:
    """What became of the blobs of a backup: how many are in it and their bytes, how many of those
    were copied now, and how many are gone.
    """

    count: int = 0
    bytes: int = 0
    copied: int = 0
    copied_bytes: int = 0
    purged: int = 0
    missing: int = 0

    def add(self, entry: BlobEntry) -> None:
        """Count one in."""
        self.purged += entry.gone is Gone.PURGED
        self.missing += entry.gone is Gone.MISSING
        self.count += entry.gone is None
        self.bytes += entry.size


class Along(Generic[Item]):
    """Things in the order of their paths, walked along beside others in the same order."""

    def __init__(self, items: AsyncIterator[Item], path: Callable[[Item], str]) -> None:
        self._items = items
        self._path = path
        self._next: Item | None = None

    async def at(self, path: str) -> Item | None:
        """What has this path, if anything; what comes before it is passed by for good."""
        while self._next is None or self._path(self._next) < path:
            self._next = await anext(self._items, None)
            if self._next is None:
                return None
        return self._next if self._path(self._next) == path else None


class Copying:
    """One run over all blobs."""

    def __init__(self, db: Database, store: BlobStore, depot: Depot, progress: Progress) -> None:
        self._db = db
        self._store = store
        self._depot = depot
        self._progress = progress
        self.tally = Tally()

    async def run(
        self, named: AsyncIterable[Named], known: AsyncIterator[BlobEntry], out: SpooledPart
    ) -> None:
        """Bring all of `named` into the depot, and write the list of them to `out`.

        `known`: the blobs of an earlier backup, in the same order, whose digests are believed if
        the depot still has as many bytes. Raises StoreUnavailable, DepotUnavailable.
        """
        earlier = Along(known, lambda entry: blob_path(entry.key))
        lying = Along(self._depot.lying(BLOBS), lambda each: each.path)
        pending: deque[tuple[Named, asyncio.Task[BlobEntry]]] = deque()
        try:
            async for each in named:
                path = blob_path(each.key)
                work = self._entry(each, await earlier.at(path), await lying.at(path))
                pending.append((each, asyncio.create_task(work)))
                if len(pending) >= _AT_ONCE:
                    await self._settle(*pending.popleft(), out)
            while pending:
                await self._settle(*pending.popleft(), out)
        finally:
            tasks = [task for _, task in pending]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _settle(self, each: Named, task: "asyncio.Task[BlobEntry]", out: SpooledPart) -> None:
        entry = await task
        self.tally.add(entry)
        self._progress.advance(1, each.size)
        await out.write(msgspec.json.encode(entry) + b"\n")

    async def _entry(
        self, each: Named, earlier: BlobEntry | None, lying: Lying | None
    ) -> BlobEntry:
        if earlier and lying and earlier.gone is None and earlier.size == lying.size:
            return earlier
        try:
            size = await self._store.size(each.key)
            if lying and lying.size == size and (found := await self._reread(each.key, size)):
                return found
            return await self._copied(each.key, size)
        except BlobMissing:
            return await self._gone(each.key)

    async def _reread(self, key: BlobKey, size: int) -> BlobEntry | None:
        """A blob that a killed backup left in the depot; None if it is not there after all."""
        digest = hashlib.sha256()
        try:
            async for piece in self._depot.read(blob_path(key)):
                digest.update(piece)
        except DepotMissing:
            return None
        return _entry_of(key, size, digest.hexdigest())

    async def _copied(self, key: BlobKey, size: int) -> BlobEntry:
        digest = hashlib.sha256()
        await self._depot.put(blob_path(key), self._hashed(key, size, digest.update))
        self.tally.copied += 1
        self.tally.copied_bytes += size
        return _entry_of(key, size, digest.hexdigest())

    async def _hashed(
        self, key: BlobKey, size: int, update: Callable[[bytes], None]
    ) -> AsyncGenerator[bytes, None]:
        async for piece in self._store.read(key, 0, size):
            update(piece)
            yield piece

    async def _gone(self, key: BlobKey) -> BlobEntry:
        """Bytes are removed only after their row has changed; so if it has not, they were lost."""
        async with self._db.transaction(key.organization_id) as tx:
            stored = await stored_among(tx, [key.file_id])
        gone = Gone.MISSING if stored else Gone.PURGED
        return BlobEntry(organization=key.organization_id, file=key.file_id, gone=gone)


def _entry_of(key: BlobKey, size: int, sha256: str) -> BlobEntry:
    return BlobEntry(organization=key.organization_id, file=key.file_id, size=size, sha256=sha256)


async def named_in(pieces: AsyncIterable[bytes]) -> AsyncGenerator[Named, None]:
    """The blobs of a list that `queries.NAMED_BLOBS` wrote out."""
    async for line in lines_of(pieces):
        organization, file, size = line.decode("ascii").split("\t")
        yield Named(BlobKey(OrganizationId(UUID(organization)), FileId(UUID(file))), int(size))
