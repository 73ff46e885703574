"""The middle act of receiving: bytes on their way to the blob store, counted, and judged by their
beginning before more of them is kept. It holds no transaction and nothing larger than a chunk.
"""

from collections.abc import AsyncIterator, Set
from typing import Protocol

from casekeep.files.content import HEAD, agrees, sniff
from casekeep.files.model import readable
from casekeep.kernel.errors import FileEmpty, FileTooLarge, FileTypeRefused


class Taker(Protocol):
    """Whatever takes bytes, such as the writer of a blob."""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        ...


class Arriving:
    """One file's bytes. `name` is for the answer to the caller; `limit` in bytes."""

    def __init__(self, name: str, *, limit: int, accepted: Set[str], declared: str | None) -> None:
        self._name = name
        self._limit = limit
        self._accepted = accepted
        self._declared = declared

    async def take_in(self, body: AsyncIterator[bytes], writer: Taker) -> str:
        """Write all of `body`; its media type.

        Raises FileEmpty, FileTooLarge as soon as it is, FileTypeRefused as soon as HEAD bytes are
        there, and what `body` and `writer` raise.
        """
        size = 0
        head = bytearray()
        media_type: str | None = None
        async for chunk in body:
            size += len(chunk)
            if size > self._limit:
                raise too_large(self._name, self._limit)
            if media_type is not None:
                await writer.write(chunk)
                continue
            head += chunk
            if len(head) >= HEAD:
                media_type = self._judged(head)
                await writer.write(bytes(head))
        if not size:
            raise FileEmpty(f"{self._name}: the file is empty")
        if media_type is None:
            media_type = self._judged(head)
            await writer.write(bytes(head))
        return media_type

    def _judged(self, head: bytearray) -> str:
        return judged(bytes(head[:HEAD]), self._name, self._accepted, self._declared)


def judged(head: bytes, name: str, accepted: Set[str], declared: str | None) -> str:
    """The media type of content that begins with `head` (HEAD bytes, or all if it is less).

    Raises FileTypeRefused for one that is not `accepted`, or not what was declared.
    """
    found = sniff(head, name, declared=declared)
    if found not in accepted:
        raise FileTypeRefused(f"{name}: files of type {found} are not accepted")
    if declared is not None and not agrees(declared, found):
        raise FileTypeRefused(f"{name}: the content is {found}, not what was declared")
    return found


def too_large(name: str, limit: int) -> FileTooLarge:
    """The refusal of a file of more than `limit` bytes."""
    return FileTooLarge(f"{name}: the file is larger than {readable(limit)}")
