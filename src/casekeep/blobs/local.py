"""Blobs on a local disk: `root/<organisation>/<two hex digits>/<file id>`. A name here is made of
ids only; what is not yet complete carries `.partial` and is swept after a crash.
"""

import errno
import os
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from uuid import UUID

import structlog

from casekeep.blobs.folders import Folders
from casekeep.blobs.landing import BESIDE, Landing
from casekeep.blobs.naming import PARTIAL, SHARDS, id_in, name_of
from casekeep.blobs.store import BlobKey, BlobMissing, StoreUnavailable, Written
from casekeep.blobs.taking import Taking
from casekeep.blobs.threads import Threads
from casekeep.kernel.durability import sync_folder
from casekeep.kernel.ids import FileId, OrganizationId

log = structlog.get_logger()

_HELD = 1 << 19
"""Bytes kept in memory before a thread writes them: a small file takes one hop, all in all."""


class LocalStore:
    """A BlobStore in the folder `root`, which is made when the first blob arrives.

    `threads`: how many files may be written or read at one moment. More than the processors,
    because an fsync waits, and file systems settle concurrent ones together.
    """

    def __init__(self, root: Path, *, threads: int = 16) -> None:
        self.root = root
        self._folders = Folders(root)
        self._threads = Threads(threads)

    @asynccontextmanager
    async def receive(
        self, key: BlobKey, *, hashed: bool = True
    ) -> AsyncGenerator["LocalWriter", None]:
        """Write a new blob; leaving the context without `finish` leaves nothing behind. `hashed`:
        whether somebody wants its SHA-256.
        """
        landing = Landing(self._folders, self._path(key), hashed=hashed)
        writer = LocalWriter(self._threads, landing)
        try:
            yield writer
        finally:
            if not writer.finished:
                await self._clear_away(writer, key)

    @asynccontextmanager
    async def replace(self, key: BlobKey) -> AsyncGenerator["LocalWriter", None]:
        """Write a blob beside the one that is there, whose name it takes with `finish`."""
        path = self._path(key)
        with _told(missing=StoreUnavailable):  # what a repair that was cut off left behind
            await self._threads.run(path.with_name(path.name + BESIDE).unlink, missing_ok=True)
        writer = LocalWriter(self._threads, Landing(self._folders, path, beside=BESIDE))
        try:
            yield writer
        finally:
            if not writer.finished:
                await self._clear_away(writer, key)

    async def size(self, key: BlobKey) -> int:
        """The blob's size in bytes. Raises BlobMissing, StoreUnavailable."""
        path = self._path(key)
        with _told():
            return (await self._threads.run(self._folders.look, path.stat)).st_size

    async def has_bytes(self, key: BlobKey) -> bool:
        """Whether anything lies under this key, finished or not. Raises StoreUnavailable."""
        with _told():
            return await self._threads.run(self._lies_there, self._path(key))

    async def read(self, key: BlobKey, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """`length` bytes from offset `start`, in pieces of at most CHUNK. Raises BlobMissing, and
        StoreUnavailable also when the blob holds fewer bytes than that.
        """
        taking = Taking(self._path(key), start, length)
        try:
            while taking.left:
                with _told():
                    piece = await self._threads.run(self._folders.look, taking.next_piece)
                yield piece
        finally:
            taking.close()

    async def delete(self, key: BlobKey) -> None:
        """Remove the blob, finished or not; no error if there is none. Raises StoreUnavailable."""
        with _told():
            await self._threads.run(self._remove, self._path(key))

    async def keys(self) -> AsyncIterator[BlobKey]:
        """Every key with bytes, finished or not, in no order; names that are no ids are passed by.
        Raises StoreUnavailable.
        """
        for organization_id in await self._ids_in(self.root):
            organization = self.root / str(organization_id)
            for shard in SHARDS:
                for file_id in await self._ids_in(organization / shard):
                    yield BlobKey(OrganizationId(organization_id), FileId(file_id))

    async def _ids_in(self, folder: Path) -> set[UUID]:
        with _told():
            return await self._threads.run(self._ids_below, folder)

    def _lies_there(self, path: Path) -> bool:
        if any(each.exists() for each in _names_of(path)):
            return True
        self._folders.demand_root()
        return False

    def _remove(self, path: Path) -> None:
        if not _unlink(path):
            self._folders.demand_root()  # what is away is not removed

    def _ids_below(self, folder: Path) -> set[UUID]:
        found = _ids_in(folder)
        if not found:
            self._folders.demand_root()
        return found

    def _path(self, key: BlobKey) -> Path:
        return self.root / name_of(key)

    async def _clear_away(self, writer: "LocalWriter", key: BlobKey) -> None:
        try:
            await writer.discard()
        except StoreUnavailable:  # the sweeper will find it; the first error is the one to tell
            log.warning("blob.left_behind", file_id=str(key.file_id))


class LocalWriter:
    """Takes the bytes of one blob, holding back small writes until they are worth a thread."""

    def __init__(self, threads: Threads, landing: Landing) -> None:
        self._threads = threads
        self._landing = landing
        self._held: list[bytes | bytearray | memoryview] = []
        self._held_size = 0
        self.size = 0
        self.finished = False

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises StoreUnavailable."""
        self.size += len(data)
        self._held_size += len(data)
        is_enough = self._held_size >= _HELD
        # Nothing changes before it is written; what is held may, unless it is bytes.
        self._held.append(data if is_enough else bytes(data))
        if is_enough:
            with _told(missing=StoreUnavailable):
                await self._threads.run(self._landing.write, self._release())

    async def finish(self) -> Written:
        """Make the blob durable under its key; what it holds. Raises StoreUnavailable."""
        with _told(missing=StoreUnavailable):
            sha256 = await self._threads.run(self._landing.settle, self._release())
        self.finished = True
        return Written(self.size, sha256)

    async def discard(self) -> None:
        """Remove what was written. Raises StoreUnavailable."""
        self._release()
        with _told():
            await self._threads.run(self._landing.discard)

    def _release(self) -> list[bytes | bytearray | memoryview]:
        held, self._held, self._held_size = self._held, [], 0
        return held


@contextmanager
def _told(missing: type[Exception] = BlobMissing) -> Generator[None]:
    """Say what the disk said in the store's words; never with a path in them."""
    try:
        yield
    except FileNotFoundError:
        raise missing from None
    except OSError as error:
        raise StoreUnavailable(errno.errorcode.get(error.errno or 0, "EIO")) from None


def _names_of(path: Path) -> tuple[Path, ...]:
    """Whatever a blob can be called: finished, unfinished, or beside the one that it replaces."""
    return path, *(path.with_name(path.name + end) for end in (PARTIAL, BESIDE))


def _unlink(path: Path) -> bool:
    """Remove a blob, and what is unfinished of it, durably; whether there was any."""
    gone = False
    for each in _names_of(path):
        with suppress(FileNotFoundError):
            each.unlink()
            gone = True
    if gone:
        sync_folder(path.parent)
    return gone


def _ids_in(folder: Path) -> set[UUID]:
    try:
        names = {entry.removesuffix(PARTIAL).removesuffix(BESIDE) for entry in os.listdir(folder)}  # noqa: PTH208 - names
    except (FileNotFoundError, NotADirectoryError):
        return set()
    return {found for name in names if (found := id_in(name))}
