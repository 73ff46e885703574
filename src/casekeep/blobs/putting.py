"""One blob on its way into a bucket: a small one in one request, a large one in parts beside a
claim, an object `….partial` that says who is at it. It never touches an object that it did not make
itself, unless it is there to replace one.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import obstore

from casekeep.blobs.bucket import Provider
from casekeep.blobs.causes import KeyTaken, told
from casekeep.blobs.naming import PARTIAL
from casekeep.blobs.store import BlobMissing, StoreUnavailable, Written
from casekeep.blobs.threads import Threads
from casekeep.blobs.whole import to_the_end
from casekeep.kernel.ids import new_id

if TYPE_CHECKING:
    from obstore import AsyncWritableFile

_PART = 8 << 20
"""Bytes of a part, and the most that goes in one request; with parts of this size, a provider's
10,000 are enough for 80 GiB."""
_PARTS_AT_ONCE = 2
_HELD = 1 << 20
"""Bytes kept back before they are handed to the part that is being filled."""


class Putting:
    """Puts one object `name`. Methods are called one at a time; they raise StoreUnavailable.

    `over`: in place of the one that is there, if any, which stays until the new one is complete.
    """

    def __init__(self, provider: Provider, name: str, *, over: bool = False) -> None:
        self._provider = provider
        self._name = name
        self._over = over
        self._parts: AsyncWritableFile | None = None
        self._made: list[str] = []

    @property
    def in_parts(self) -> bool:
        """Whether it has begun to send parts."""
        return self._parts is not None

    async def put(self, content: bytes) -> None:
        """Put all of it in one request."""
        if not self._over:
            await self._create(self._name, content)
            return
        with told(missing=StoreUnavailable):
            await obstore.put_async(self._provider, self._name, content, use_multipart=False)

    async def add(self, content: bytes) -> None:
        """Send more of a blob that goes in parts; the first claims the name."""
        if self._parts is None:
            self._parts = await self._begin()
        with told(missing=StoreUnavailable):
            await self._parts.write(content)

    async def complete(self) -> None:
        """Have the provider put the parts together, under the name."""
        assert self._parts is not None  # noqa: S101 - `add` came before
        with told(missing=StoreUnavailable):
            await self._parts.close()
        self._parts = None
        await self._remove(self._name + PARTIAL)

    async def discard(self) -> None:
        """Remove what was put, parts and all."""
        if self._parts is not None:
            parts, self._parts = self._parts, None
            with suppress(StoreUnavailable), told(missing=StoreUnavailable):
                await parts.__aexit__(StoreUnavailable, None, None)  # pyright: ignore[reportUnknownMemberType] - its stub has no types; an error makes it abort
        while self._made:
            await self._remove(self._made[0])
            self._made.pop(0)

    async def _begin(self) -> "AsyncWritableFile":
        if not self._over:
            await self._claim()
        return obstore.open_writer_async(
            self._provider, self._name, buffer_size=_PART, max_concurrency=_PARTS_AT_ONCE
        )

    async def _claim(self) -> None:
        await self._create(self._name + PARTIAL, str(new_id()).encode())
        with suppress(BlobMissing):
            with told():
                await obstore.head_async(self._provider, self._name)
            raise KeyTaken("there is a blob under this key")
        self._made.insert(0, self._name)

    async def _create(self, name: str, content: bytes) -> None:
        """Put an object unless there is one. A provider that has it already, because it took our
        first attempt and we never heard of it, has what we meant to put.
        """
        self._made.append(name)
        try:
            with told(missing=StoreUnavailable):
                await obstore.put_async(
                    self._provider, name, content, mode="create", use_multipart=False
                )
        except KeyTaken:
            if await self._content(name, len(content)) != content:
                self._made.remove(name)
                raise

    async def _content(self, name: str, size: int) -> bytes | None:
        """What an object holds; None unless it is of that size."""
        with told(missing=StoreUnavailable):
            found = await obstore.get_async(self._provider, name)
            return bytes(await found.bytes_async()) if found.meta["size"] == size else None

    async def _remove(self, name: str) -> None:
        with suppress(BlobMissing), told():
            await obstore.delete_async(self._provider, name)


class ObjectWriter:
    """Takes the bytes of one blob, and holds all of a small one, so that it takes one request."""

    def __init__(self, threads: Threads, putting: Putting, *, hashed: bool = True) -> None:
        """`hashed`: whether `finish` tells the SHA-256."""
        self._threads = threads
        self._putting = putting
        self._held: list[bytes] = []
        self._held_size = 0
        self._hash = hashlib.sha256() if hashed else None
        self.size = 0
        self.finished = False

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises StoreUnavailable."""
        self._held.append(bytes(data))  # bytes stay as they are; what may change is copied
        self._held_size += len(data)
        self.size += len(data)
        if self._held_size > (_HELD if self._putting.in_parts else _PART):
            await to_the_end(self._send())

    async def finish(self) -> Written:
        """Have the bucket hold the blob under its key; what it holds. Raises StoreUnavailable."""
        await to_the_end(self._settle())
        self.finished = True
        return Written(self.size, self._hash.digest() if self._hash else b"")

    async def discard(self) -> None:
        """Remove what was put. Raises StoreUnavailable."""
        self._release()
        await self._putting.discard()

    async def _send(self) -> None:
        for piece in await self._hashed():
            await self._putting.add(piece)

    async def _settle(self) -> None:
        if self._putting.in_parts:
            await self._send()
            await self._putting.complete()
        else:
            await self._putting.put(b"".join(await self._hashed()))

    async def _hashed(self) -> Sequence[bytes]:
        held = self._release()
        if self._hash is not None:
            await self._threads.run(_each, self._hash.update, held)
        return held

    def _release(self) -> list[bytes]:
        held, self._held, self._held_size = self._held, [], 0
        return held


def _each(update: Callable[[bytes], None], pieces: Sequence[bytes]) -> None:
    for piece in pieces:
        update(piece)
