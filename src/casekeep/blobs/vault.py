"""A blob store that seals what it is given and opens what it reads, over one that keeps the sealed
bytes. What does not open is never handed out.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Protocol

import structlog

from casekeep.blobs.buffers import Buffers
from casekeep.blobs.deployment_keys import DeploymentKeyUnknown
from casekeep.blobs.opening import Opened, open_range
from casekeep.blobs.organization_keys import OrganizationKey
from casekeep.blobs.remembered import Remembered
from casekeep.blobs.sealing.format import SegmentAltered
from casekeep.blobs.sealing.segments import content_size, sealed_size
from casekeep.blobs.store import BlobAltered, BlobKey, RawStore, Seal, StoreUnavailable
from casekeep.blobs.threads import Threads
from casekeep.blobs.vault_writer import PlainWriter, SealingWriter
from casekeep.blobs.wrapping import KeyNotOpened
from casekeep.kernel.ids import OrganizationId

log = structlog.get_logger()

_REMEMBERED = 4096
_SECONDS = 300.0


class Keys(Protocol):
    """What wraps data keys, and where their seals are found."""

    async def current(self, organization_id: OrganizationId) -> OrganizationKey:
        """The key that wraps what is new."""
        ...

    async def find_seal(self, blob: BlobKey) -> tuple[Seal, OrganizationKey] | None:
        """The seal of a blob, and the key that opens it."""
        ...


class Vault:
    """A BlobStore over `store`. Sizes and offsets are those of the content."""

    def __init__(
        self, store: RawStore, keys: Keys, *, sealing: bool = True, threads: int = 2
    ) -> None:
        """`sealing`: whether new blobs are sealed; those that are there stay as they are.
        `threads`: how many segments may be sealed or opened at one moment; two keep up with a disk.
        """
        self.store = store
        self._keys = keys
        self._sealing = sealing
        self._threads = Threads(threads)
        self._buffers = Buffers()
        self._opened = Remembered[BlobKey, Opened](_REMEMBERED, _SECONDS)

    @asynccontextmanager
    async def receive(self, key: BlobKey) -> AsyncGenerator[SealingWriter | PlainWriter, None]:
        """Write a new blob; leaving the context without `finish` leaves nothing behind. The seal in
        what `finish` returns must be recorded with the blob's row.
        """
        with _at_hand():
            outer = await self._keys.current(key.organization_id)
        async with self.store.receive(key, hashed=not self._sealing) as raw:
            if not self._sealing:
                yield PlainWriter(raw, key, outer, self._remember)
                return
            writer = SealingWriter(raw, self._threads, self._buffers, key, outer, self._remember)
            try:
                yield writer
            finally:
                await writer.let_go()

    async def size(self, key: BlobKey) -> int:
        """Bytes of the blob's content, by the bytes that are there.

        Raises BlobMissing, BlobAltered, StoreUnavailable.
        """
        lying = await self.store.size(key)
        opened = await self._open(key)
        try:
            return content_size(lying) if opened.is_sealed else lying
        except ValueError:
            raise _told(key, "its size is that of no sealed blob") from None

    async def has_bytes(self, key: BlobKey) -> bool:
        """Whether anything lies under this key, finished or not. Raises StoreUnavailable."""
        return await self.store.has_bytes(key)

    async def read(self, key: BlobKey, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """`length` bytes of content from offset `start`, in pieces of at most CHUNK. Raises
        BlobMissing, BlobAltered before a byte of an altered segment is handed out, and
        StoreUnavailable.
        """
        opened = await self._open(key)
        if start + length > opened.size:
            raise StoreUnavailable("the blob is shorter than its record says")
        pieces = (
            open_range(self.store, self._threads, key, opened, start, length)
            if opened.is_sealed
            else self.store.read(key, start, length)
        )
        try:
            async with aclosing(pieces) as stream:
                async for piece in stream:
                    yield piece
        except SegmentAltered as altered:
            self._opened.forget(key)
            raise _told(key, str(altered)) from None
        except StoreUnavailable:
            await self._demand_whole(key, opened)
            raise

    async def delete(self, key: BlobKey) -> None:
        """Remove the blob, finished or not; no error if there is none. Raises StoreUnavailable."""
        self._opened.forget(key)
        await self.store.delete(key)

    def keys(self) -> AsyncIterator[BlobKey]:
        """Every key with bytes, finished or not, in no order."""
        return self.store.keys()

    def _remember(self, key: BlobKey, opened: Opened) -> None:
        self._opened.put(key, opened)

    async def _open(self, key: BlobKey) -> Opened:
        opened = self._opened.get(key)
        if opened is None:
            opened = await self._found(key)
            self._opened.put(key, opened)
        return opened

    async def _found(self, key: BlobKey) -> Opened:
        try:
            with _at_hand():
                found = await self._keys.find_seal(key)
            if found is not None:
                seal, outer = found
                return Opened(seal.size, outer.unwrap(key, seal))
        except KeyNotOpened:
            raise _told(key, "its seal does not open") from None
        await self.store.size(key)  # without bytes it is missing, which is no alarm
        raise _told(key, "it has no seal")

    async def _demand_whole(self, key: BlobKey, opened: Opened) -> None:
        """Raises BlobAltered if fewer bytes are there than were kept, else nothing."""
        whole = sealed_size(opened.size) if opened.is_sealed else opened.size
        if await self.store.size(key) < whole:
            raise _told(key, "it was cut off")


@contextmanager
def _at_hand() -> Generator[None]:
    """A key of the deployment that is not at hand keeps the store from giving and taking bytes."""
    try:
        yield
    except DeploymentKeyUnknown as unknown:
        log.error("sealing.key_unknown", deployment_key_id=unknown.key_id)  # noqa: TRY400 - no trace
        raise StoreUnavailable("a key of the deployment is not at hand") from None


def _told(key: BlobKey, what: str) -> BlobAltered:
    log.error("blob.altered", file_id=str(key.file_id), what=what)
    return BlobAltered(what)
