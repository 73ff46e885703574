"""Two stores as one, while blobs move from one to the other: new blobs go to the target, and what
is not there yet is read from the source.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

from casekeep.blobs.store import BlobKey, BlobMissing, BlobWriter, RawStore


class JoinedStore:
    """A RawStore over `target` and `source`. Each method raises what theirs raise."""

    def __init__(self, target: RawStore, source: RawStore) -> None:
        self.target = target
        self.source = source

    def receive(
        self, key: BlobKey, *, hashed: bool = True
    ) -> AbstractAsyncContextManager[BlobWriter]:
        """Write a new blob to the target."""
        return self.target.receive(key, hashed=hashed)

    @asynccontextmanager
    async def replace(self, key: BlobKey) -> AsyncGenerator[BlobWriter, None]:
        """Write a blob in place of the one that is there, in the store that has it: one beside it
        in the other would stop the move, which finds the two to differ.
        """
        store = await self._holder(key)
        async with store.replace(key) as writer:
            yield writer

    async def size(self, key: BlobKey) -> int:
        """The blob's size in bytes, wherever it is. Raises BlobMissing."""
        for store in self._places():
            try:
                return await store.size(key)
            except BlobMissing:
                continue
        raise BlobMissing

    async def has_bytes(self, key: BlobKey) -> bool:
        """Whether anything lies under this key in either, finished or not."""
        for store in self._places():
            if await store.has_bytes(key):
                return True
        return False

    async def read(self, key: BlobKey, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """`length` bytes from offset `start`, in pieces of at most CHUNK. A blob that moves
        meanwhile is read on at its other place. Raises BlobMissing.
        """
        for store in self._places():
            try:
                async with aclosing(store.read(key, start, length)) as pieces:
                    async for piece in pieces:
                        start, length = start + len(piece), length - len(piece)
                        yield piece
            except BlobMissing:
                continue
            return
        raise BlobMissing

    async def delete(self, key: BlobKey) -> None:
        """Remove the blob from both; no error if there is none."""
        # The source first: a copy that is under way looks there again when it is complete, and is
        # undone if it finds nothing.
        await self.source.delete(key)
        await self.target.delete(key)

    async def keys(self) -> AsyncIterator[BlobKey]:
        """Every key with bytes in either, once. Holds those of the source in memory; the source
        goes first, so that none that moves meanwhile is passed over.
        """
        told = set[BlobKey]()
        async for key in self.source.keys():
            told.add(key)
            yield key
        async for key in self.target.keys():
            if key not in told:
                yield key

    async def _holder(self, key: BlobKey) -> RawStore:
        """Where a blob is; the target, if it is nowhere."""
        for store in self._places():
            try:
                await store.size(key)
            except BlobMissing:
                continue
            return store
        return self.target

    def _places(self) -> tuple[RawStore, RawStore, RawStore]:
        """Where to look, in order: what is in neither at first has moved between two looks."""
        return self.target, self.source, self.target
