"""Blobs in a bucket of S3, Google Cloud Storage or Azure: `prefix/<organisation>/<two hex
digits>/<file id>`. An object is not there until all of it is, and none is ever
written over, save in a repair.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress

import obstore
import structlog

from casekeep.blobs.bucket import Bucket
from casekeep.blobs.causes import told
from casekeep.blobs.ending import end_in_order
from casekeep.blobs.fetching import Fetching
from casekeep.blobs.naming import PARTIAL, key_in
from casekeep.blobs.putting import ObjectWriter, Putting
from casekeep.blobs.store import BlobKey, BlobMissing, StoreUnavailable
from casekeep.blobs.threads import Threads
from casekeep.blobs.whole import to_the_end
from casekeep.kernel.ids import new_id

log = structlog.get_logger()

_LISTED = 1000
"""Names asked for at a time: as many as stores give."""


class ObjectStore:
    """A BlobStore in a bucket.

    `threads`: how many blobs may be hashed at one moment.
    """

    def __init__(self, bucket: Bucket, *, threads: int = 4) -> None:
        end_in_order()
        self.bucket = bucket
        self._provider = bucket.provider
        self._threads = Threads(threads)
        self._fetching = Fetching(bucket.provider)

    def receive(
        self, key: BlobKey, *, hashed: bool = True
    ) -> AbstractAsyncContextManager[ObjectWriter]:
        """Write a new blob; leaving the context without `finish` leaves nothing behind. `hashed`:
        whether somebody wants its SHA-256.
        """
        putting = Putting(self._provider, self.bucket.name(key))
        return self._writing(key, putting, hashed=hashed)

    def replace(self, key: BlobKey) -> AbstractAsyncContextManager[ObjectWriter]:
        """Write a blob in place of the one that is there, which stays until `finish`."""
        return self._writing(key, Putting(self._provider, self.bucket.name(key), over=True))

    @asynccontextmanager
    async def _writing(
        self, key: BlobKey, putting: Putting, *, hashed: bool = True
    ) -> AsyncGenerator[ObjectWriter, None]:
        writer = ObjectWriter(self._threads, putting, hashed=hashed)
        try:
            yield writer
        finally:
            if not writer.finished:
                await self._clear_away(writer, key)

    async def size(self, key: BlobKey) -> int:
        """The blob's size in bytes. Raises BlobMissing, StoreUnavailable."""
        with told():
            return (await obstore.head_async(self._provider, self.bucket.name(key)))["size"]

    async def has_bytes(self, key: BlobKey) -> bool:
        """Whether anything lies under this key, finished or not. Raises StoreUnavailable."""
        name = self.bucket.name(key)
        return await self._is_there(name) or await self._is_there(name + PARTIAL)

    async def read(self, key: BlobKey, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """`length` bytes from offset `start`, in pieces of at most CHUNK. Raises BlobMissing, and
        StoreUnavailable also when the blob holds fewer bytes than that.
        """
        async with aclosing(self._fetching.fetch(self.bucket.name(key), start, length)) as pieces:
            async for piece in pieces:
                yield piece

    async def delete(self, key: BlobKey) -> None:
        """Remove the blob, finished or not; no error if there is none. Raises StoreUnavailable."""
        name = self.bucket.name(key)
        await to_the_end(asyncio.gather(self._remove(name), self._remove(name + PARTIAL)))

    async def keys(self) -> AsyncIterator[BlobKey]:
        """Every key with bytes, finished or not, in no order; names that are no ids are passed by.
        Raises StoreUnavailable.
        """
        unfinished: set[BlobKey] = set()
        async for name in self._names():
            if key := key_in(name):
                yield key
            elif key := key_in(name.removesuffix(PARTIAL)):
                unfinished.add(key)
        for key in unfinished:
            if not await self._is_there(self.bucket.name(key)):
                yield key

    async def try_out(self) -> None:
        """List, write and delete once, to see that all are allowed. Raises StoreUnavailable."""
        async for _ in self._names():
            break
        name = f"{self.bucket.prefix}trial/{new_id()}"
        with told(missing=StoreUnavailable):
            await obstore.put_async(self._provider, name, b"may be deleted")
        await self._remove(name)

    def is_beside(self, other: "ObjectStore") -> bool:
        """Whether the other store is in the same bucket, so that the provider can copy."""
        return self._provider == other.bucket.provider

    async def copy_from(self, other: "ObjectStore", key: BlobKey) -> None:
        """Have the provider copy a blob of a store that this one `is_beside`. A blob that is here
        already is written over. Raises BlobMissing, StoreUnavailable.
        """
        with told():
            await to_the_end(
                obstore.copy_async(self._provider, other.bucket.name(key), self.bucket.name(key))
            )

    async def _names(self) -> AsyncIterator[str]:
        """All names, without the prefix."""
        listing = obstore.list(  # pyright: ignore[reportUnknownMemberType] - the types of an option that we do not use
            self._provider, self.bucket.prefix or None, chunk_size=_LISTED
        )
        while True:
            with told(missing=StoreUnavailable):
                batch = await anext(listing, None)
            if batch is None:
                return
            for each in batch:
                yield each["path"].removeprefix(self.bucket.prefix)

    async def _is_there(self, name: str) -> bool:
        with suppress(BlobMissing), told():
            await obstore.head_async(self._provider, name)
            return True
        return False

    async def _remove(self, name: str) -> None:
        with suppress(BlobMissing), told():
            await obstore.delete_async(self._provider, name)

    async def _clear_away(self, writer: ObjectWriter, key: BlobKey) -> None:
        try:
            await to_the_end(writer.discard())
        except StoreUnavailable:  # the sweeper will find it; the first error is the one to tell
            log.warning("blob.left_behind", file_id=str(key.file_id))
