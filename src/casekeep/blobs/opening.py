"""Opens a range of a sealed blob: reads the segments that hold it and no others, and hands out each
only after its tag was found right.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from casekeep.blobs.behind import one_ahead
from casekeep.blobs.sealing.format import SegmentCipher
from casekeep.blobs.sealing.segments import (
    HEADER,
    SEGMENT,
    Stretch,
    content_start,
    segment_count,
    stretch_of,
)
from casekeep.blobs.store import BlobKey, BlobStore
from casekeep.blobs.threads import Threads

SMALL = 1 << 16
"""Up to so many bytes are sealed or opened where they are: a hop to a thread would take longer."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known of a blob once its seal is open: bytes of its content, and its data key, which
    is empty for a blob that is kept unsealed.
    """

    size: int
    data_key: bytes = field(repr=False)

    @property
    def is_sealed(self) -> bool:
        """Whether the blob lies sealed."""
        return bool(self.data_key)


def bound_to(key: BlobKey) -> bytes:
    """What the segments of a blob are bound to, Tink's associated data: its two ids."""
    return key.organization_id.bytes + key.file_id.bytes


async def open_range(  # noqa: PLR0917 - the store's parts, then what is asked for
    store: BlobStore, threads: Threads, key: BlobKey, opened: Opened, start: int, length: int
) -> AsyncGenerator[bytes, None]:
    """`length` bytes of content from offset `start`, a segment at a time; while one is in use, the
    next is opened.

    Raises SegmentAltered, and what the store raises.
    """
    if not length:
        return
    stretch = stretch_of(start, length, opened.size)
    contents = _contents(store, threads, key, opened, stretch)
    begin = content_start(stretch.first)
    async with aclosing(one_ahead(contents) if stretch.length > SEGMENT else contents) as ahead:
        async for content in ahead:
            yield _cut(content, start - begin, start + length - begin)
            begin += len(content)


async def _contents(
    store: BlobStore, threads: Threads, key: BlobKey, opened: Opened, stretch: Stretch
) -> AsyncGenerator[bytes, None]:
    """The whole content of each segment of a stretch."""
    cipher = None
    if stretch.first:
        header = b"".join([piece async for piece in store.read(key, 0, HEADER)])
        cipher = SegmentCipher(opened.data_key, header, bound_to(key))
    number, last = stretch.first, segment_count(opened.size) - 1
    async with aclosing(_segments(store, key, stretch)) as segments:
        async for sealed in segments:
            if cipher is None:
                cipher = SegmentCipher(opened.data_key, sealed[:HEADER], bound_to(key))
            body = memoryview(sealed)[0 if number else HEADER :]
            if len(sealed) <= SMALL:
                yield cipher.open(number, body, is_last=number == last)
            else:
                yield await threads.run(cipher.open, number, body, is_last=number == last)
            number += 1


async def _segments(
    store: BlobStore, key: BlobKey, stretch: Stretch
) -> AsyncGenerator[bytes, None]:
    """Whole segments as they lie, however the store cuts its pieces; the last may be shorter."""
    held, left = bytearray(), stretch.length
    async with aclosing(store.read(key, stretch.start, stretch.length)) as pieces:
        async for piece in pieces:
            left -= len(piece)
            if not held and (len(piece) == SEGMENT or not left):
                yield piece
                continue
            held += piece
            while len(held) >= SEGMENT or (held and not left):
                yield bytes(held[:SEGMENT])
                del held[:SEGMENT]


def _cut(content: bytes, start: int, end: int) -> bytes:
    whole = start <= 0 and end >= len(content)
    return content if whole else content[max(start, 0) : end]
