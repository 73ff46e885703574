"""Writers of the vault: one seals the bytes of a blob on their way into the store below, the other
passes them on, and both say what opens them again.
"""

from collections.abc import Callable

from casekeep.blobs.behind import Behind
from casekeep.blobs.opening import SMALL, Opened, bound_to
from casekeep.blobs.organization_keys import OrganizationKey
from casekeep.blobs.sealing.format import new_data_key
from casekeep.blobs.sealing.sealer import Sealer
from casekeep.blobs.sealing.segments import SEGMENT
from casekeep.blobs.store import BlobKey, BlobWriter, Written
from casekeep.blobs.threads import Threads

Remember = Callable[[BlobKey, Opened], None]


class SealingWriter:
    """Takes the bytes of one blob and writes them sealed, in a thread whenever they are many. While
    one segment is sealed and written, the bytes of the next are taken, and no more than those.
    """

    def __init__(
        self,
        raw: BlobWriter,
        threads: Threads,
        key: BlobKey,
        outer: OrganizationKey,
        remember: Remember,
    ) -> None:
        """`outer`: wraps the data key. `remember`: is told what opens the blob once it is whole."""
        self._raw = raw
        self._threads = threads
        self._key = key
        self._outer = outer
        self._remember = remember
        self._data_key = new_data_key()
        self._sealer = Sealer(self._data_key, bound_to(key))
        self._held: list[bytes] = []
        self._held_size = 0
        self._behind = Behind()
        self.size = 0

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises StoreUnavailable."""
        self._held.append(bytes(data))  # bytes stay as they are; what may change is copied
        self._held_size += len(data)
        self.size += len(data)
        if self._held_size >= SEGMENT:
            await self._behind.settle()
            are_busy = self._threads.are_busy
            self._behind.begin(self._pass_on(self._release()))
            if are_busy:  # with the bytes of others: to hold more of these would gain nothing
                await self._behind.settle()

    async def finish(self) -> Written:
        """Make the blob durable under its key; what it holds. Raises StoreUnavailable."""
        await self._behind.settle()
        if self._held_size + len(self._sealer.held) <= SMALL:
            sealed, sha256 = self._sealer.end(self._release())
        else:
            sealed, sha256 = await self._threads.run(self._sealer.end, self._release())
        for each in sealed:
            await self._raw.write(each)
        await self._raw.finish()
        self._remember(self._key, Opened(self.size, self._data_key))
        return Written(self.size, sha256, self._outer.wrap(self._key, self._data_key, self.size))

    async def let_go(self) -> None:
        """Wait for what is on its way, before the writer below is left."""
        await self._behind.let_go()

    async def _pass_on(self, pieces: list[bytes]) -> None:
        for sealed in await self._threads.run(self._sealer.take, pieces):
            await self._raw.write(sealed)

    def _release(self) -> list[bytes]:
        held, self._held, self._held_size = self._held, [], 0
        return held


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
