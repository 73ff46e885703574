"""What every blob store can do. A key is an organisation and a file id, never a name."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from casekeep.kernel.ids import FileId, OrganizationId, OrganizationKeyId

CHUNK = 1 << 20
"""Bytes are handed on in pieces of at most 1 MiB."""


class BlobMissing(Exception):
    """The store holds no bytes under this key."""


class StoreUnavailable(Exception):
    """The store cannot take or give bytes now (disk full, read-only, unreachable)."""


class BlobAltered(Exception):
    """The bytes under this key are not those that were kept, or nothing says how to open them."""


class StoreNotUsable(Exception):
    """The store that the settings name cannot serve; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class BlobKey:
    """Where the bytes of one file are."""

    organization_id: OrganizationId
    file_id: FileId


@dataclass(frozen=True, slots=True)
class Seal:
    """How a blob is opened: its data key, wrapped by the organisation's key `key_id`. What is
    wrapped may be no key at all, which says that the blob was kept as it lies. `size`: bytes of its
    content.
    """

    key_id: OrganizationKeyId
    wrapped_key: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Written:
    """What a finished write holds: its size in bytes and the SHA-256 of its content. `seal`: what
    must be recorded with the row of the blob (`seals.record_seals`), or it is never read again.
    """

    size: int
    sha256: bytes
    seal: Seal | None = field(default=None, compare=False)


class BlobWriter(Protocol):
    """Takes the bytes of one blob, counts and hashes them."""

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        ...

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises StoreUnavailable."""
        ...

    async def finish(self) -> Written:
        """Make the blob durable under its key (fsync of file and folder).

        Raises StoreUnavailable.
        """
        ...


class BlobStore(Protocol):
    """A place that keeps bytes."""

    def receive(self, key: BlobKey) -> AbstractAsyncContextManager[BlobWriter]:
        """Write a new blob; leaving the context without `finish` leaves nothing behind."""
        ...

    async def size(self, key: BlobKey) -> int:
        """The blob's size in bytes. Raises BlobMissing."""
        ...

    async def has_bytes(self, key: BlobKey) -> bool:
        """Whether anything lies under this key, finished or not. Raises StoreUnavailable."""
        ...

    def read(self, key: BlobKey, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """`length` bytes from offset `start`, in pieces of at most CHUNK.

        Raises BlobMissing, BlobAltered, StoreUnavailable.
        """
        ...

    async def delete(self, key: BlobKey) -> None:
        """Remove the blob, finished or not; no error if there is none."""
        ...

    def keys(self) -> AsyncIterator[BlobKey]:
        """Every key with bytes, finished or not, in no order."""
        ...


class RawStore(BlobStore, Protocol):
    """A store that keeps bytes as they are given, and in which what is damaged can be replaced."""

    def receive(
        self, key: BlobKey, *, hashed: bool = True
    ) -> AbstractAsyncContextManager[BlobWriter]:
        """Write a new blob; leaving the context without `finish` leaves nothing behind. `hashed`:
        whether somebody wants its SHA-256; if nobody does, what `finish` returns has none.
        """
        ...

    def replace(self, key: BlobKey) -> AbstractAsyncContextManager[BlobWriter]:
        """Write a blob in place of the one that is there, if any: that one stays until `finish`,
        and then the new one has its place at once, never half of it.
        """
        ...
