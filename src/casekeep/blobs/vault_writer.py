"""Writers of the vault: one seals the bytes of a blob on their way into the store below, the other
passes them on, and both say what opens them again.
"""

from collections.abc import Callable
from mmap import mmap

from casekeep.blobs.behind import Behind
from casekeep.blobs.buffers import Buffers
from casekeep.blobs.opening import SMALL, Opened, bound_to
from casekeep.blobs.organization_keys import OrganizationKey
from casekeep.blobs.sealing.format import new_data_key
from casekeep.blobs.sealing.sealer import Sealer
from casekeep.blobs.sealing.segments import ROOM
from casekeep.blobs.store import BlobKey, BlobWriter, Written
from casekeep.blobs.threads import Threads

Remember = Callable[[BlobKey, Opened], None]


class SealingWriter:
    """Takes the bytes of one blob and writes them sealed, in a thread whenever they are many. While
    one segment is written, the next is sealed, and the bytes of the one after it are taken; no more
    than those.
    """

    def __init__(  # noqa: PLR0917 - what the vault has, then what is to be sealed
        self,
        raw: BlobWriter,
        threads: Threads,
        buffers: Buffers,
        key: BlobKey,
        outer: OrganizationKey,
        remember: Remember,
    ) -> None:
        """`outer`: wraps the data key. `remember`: is told what opens the blob once it is whole."""
        self._raw = raw
        self._threads = threads
        self._buffers = buffers
        self._key = key
        self._outer = outer
        self._remember = remember
        self._data_key = new_data_key()
        self._sealer = Sealer(self._data_key, bound_to(key))
        self._room = self._sealer.room
        self._segment: mmap | None = None
        self._filled = 0
        self._sealing = Behind()
        self._writing = Behind()
        self.size = 0

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises StoreUnavailable."""
        rest = memoryview(data)
        while rest:
            if self._filled == self._room:
                await self._begin_next()
            if self._segment is None:
                self._segment = self._buffers.take()
            taken = rest[: self._room - self._filled]
            self._segment[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            self.size += len(taken)
            rest = rest[len(taken) :]

    async def finish(self) -> Written:
        """Make the blob durable under its key; what it holds. Raises StoreUnavailable."""
        await self._sealing.settle()
        await self._writing.settle()
        content = memoryview(self._segment or b"")[: self._filled]
        sealed = self._buffers.take()
        try:
            if self._filled <= SMALL:
                written = self._sealer.seal(content, sealed, is_last=True)
            else:
                written = await self._threads.run(self._sealer.seal, content, sealed, is_last=True)
            await self._raw.write(written)
        finally:
            self._buffers.give_back(sealed)
        await self._raw.finish()
        self._remember(self._key, Opened(self.size, self._data_key))
        seal = self._outer.wrap(self._key, self._data_key, self.size)
        return Written(self.size, self._sealer.digest(), seal)

    async def let_go(self) -> None:
        """Wait for what is on its way, before the writer below is left."""
        await self._sealing.let_go()
        await self._writing.let_go()
        if self._segment is not None:
            self._buffers.give_back(self._segment)
            self._segment = None

    async def _begin_next(self) -> None:
        """Have the full segment sealed and written, and begin another one."""
        await self._sealing.settle()
        are_busy = self._threads.are_busy
        full, self._segment = self._segment, None
        assert full is not None  # noqa: S101 - what is full has a buffer
        self._sealing.begin(self._seal(full, self._filled))
        self._room, self._filled = ROOM, 0
        if are_busy:  # with the bytes of others: to hold more of these would gain nothing
            await self._sealing.settle()
            await self._writing.settle()

    async def _seal(self, segment: mmap, filled: int) -> None:
        sealed = self._buffers.take()
        content = memoryview(segment)[:filled]
        written = await self._threads.run(self._sealer.seal, content, sealed)
        self._buffers.give_back(segment)
        await self._writing.settle()
        self._writing.begin(self._write(sealed, written))

    async def _write(self, sealed: mmap, written: memoryview) -> None:
        try:
            await self._raw.write(written)
        finally:
            self._buffers.give_back(sealed)


class PlainWriter:
    """Takes the bytes of one blob and writes them as they are, where sealing is turned off."""

    def __init__(
        self, raw: BlobWriter, key: BlobKey, outer: OrganizationKey, remember: Remember
    ) -> None:
        """`outer`: vouches that the blob was kept unsealed."""
        self._raw = raw
        self._key = key
        self._outer = outer
        self._remember = remember

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._raw.size

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises StoreUnavailable."""
        await self._raw.write(data)

    async def finish(self) -> Written:
        """Make the blob durable under its key; what it holds. Raises StoreUnavailable."""
        written = await self._raw.finish()
        self._remember(self._key, Opened(written.size, b""))
        seal = self._outer.wrap(self._key, b"", written.size)
        return Written(written.size, written.sha256, seal)
