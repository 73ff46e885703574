"""Fetches a part of an object in requests of a few megabytes: a reader that pauses holds up no
connection, and a request that is repeated repeats little.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import obstore
from obstore.exceptions import GenericError

from casekeep.blobs.bucket import Provider
from casekeep.blobs.causes import told
from casekeep.blobs.store import CHUNK, StoreUnavailable

_WINDOW = 4 << 20
_NO_RANGES = "Received non-partial response"


class Fetching:
    """Reads from one provider, and remembers whether it understands ranges: some that speak S3 send
    the whole object, or do not say that it is a part.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._knows_ranges = True

    async def fetch(self, name: str, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """`length` bytes from offset `start`, in pieces of at most CHUNK. Raises BlobMissing, and
        StoreUnavailable also when the object holds fewer bytes than that.
        """
        end = start + length
        while start < end and self._knows_ranges:
            window = await self._window(name, start, min(_WINDOW, end - start))
            for offset in range(0, len(window), CHUNK):
                yield bytes(window[offset : offset + CHUNK])
            start += len(window)
        if start < end:
            async with aclosing(self._from_whole(name, start, end)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _window(self, name: str, start: int, length: int) -> memoryview:
        """Exactly `length` bytes; none when the provider turns out to know no ranges."""
        with told():
            try:
                window = await obstore.get_range_async(
                    self._provider, name, start=start, length=length
                )
            except GenericError as error:
                if _NO_RANGES not in str(error):
                    raise
                self._knows_ranges = False
                return memoryview(b"")
        if len(window) != length:
            raise _too_short()
        return memoryview(window)

    async def _from_whole(self, name: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """The bytes between two offsets of an object that comes whole."""
        with told():
            found = await obstore.get_async(self._provider, name)
        if found.meta["size"] < end:
            raise _too_short()
        at, stream = 0, found.stream(min_chunk_size=CHUNK)
        while at < end:
            with told():
                piece = memoryview(await anext(stream, b""))
            if not piece:
                raise _too_short()
            wanted = piece[max(0, start - at) : end - at]
            for offset in range(0, len(wanted), CHUNK):
                yield bytes(wanted[offset : offset + CHUNK])
            at += len(piece)


def _too_short() -> StoreUnavailable:
    return StoreUnavailable("the blob is shorter than its record says")
