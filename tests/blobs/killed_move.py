"""Moves blobs between the stores of two URLs or folders, and dies at the `n`th thing that it asks
of a store, as by a power cut.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from casekeep.blobs.bucket import is_bucket, open_bucket
from casekeep.blobs.local import LocalStore
from casekeep.blobs.moving import Move
from casekeep.blobs.objects import ObjectStore
from casekeep.blobs.store import BlobKey, BlobStore, BlobWriter, Written


class Steps:
    """Counts what is asked, before and after it is done."""

    def __init__(self, last: int) -> None:
        self._left = last

    def take(self) -> None:
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


class Stepping:
    """A store that counts each step."""

    def __init__(self, store: BlobStore, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    @asynccontextmanager
    async def receive(self, key: BlobKey) -> AsyncGenerator["SteppingWriter", None]:
        async with self._store.receive(key) as writer:
            self._steps.take()
            yield SteppingWriter(writer, self._steps)
        self._steps.take()

    async def size(self, key: BlobKey) -> int:
        self._steps.take()
        return await self._store.size(key)

    async def read(self, key: BlobKey, start: int, length: int) -> AsyncGenerator[bytes, None]:
        async for piece in self._store.read(key, start, length):
            self._steps.take()
            yield piece

    async def delete(self, key: BlobKey) -> None:
        self._steps.take()
        await self._store.delete(key)
        self._steps.take()

    async def keys(self) -> AsyncIterator[BlobKey]:
        async for key in self._store.keys():
            self._steps.take()
            yield key


class SteppingWriter:
    """A writer that counts each step."""

    def __init__(self, writer: BlobWriter, steps: Steps) -> None:
        self._writer = writer
        self._steps = steps

    @property
    def size(self) -> int:
        return self._writer.size

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        await self._writer.write(data)
        self._steps.take()

    async def finish(self) -> Written:
        self._steps.take()
        written = await self._writer.finish()
        self._steps.take()
        return written


def opened(place: str) -> BlobStore:
    return ObjectStore(open_bucket(place)) if is_bucket(place) else LocalStore(Path(place))


if __name__ == "__main__":
    counting = Steps(int(sys.argv[3]))
    stores = [Stepping(opened(place), counting) for place in sys.argv[1:3]]
    asyncio.run(Move(stores[0], stores[1], at_once=1).run())
