"""One blob on its way to being sealed, as blocking calls: hashed as it is, given out sealed."""

import hashlib
from mmap import mmap

from casekeep.blobs.sealing.format import SegmentCipher, new_header
from casekeep.blobs.sealing.segments import room_in


class Sealer:
    """Takes the content of one segment after the other, and writes each sealed into a buffer that
    it is given, of SEGMENT bytes at least. All methods block; call them one at a time.
    """

    def __init__(self, data_key: bytes, bound: bytes) -> None:
        """`bound`: what the blob belongs to. A data key may seal one blob only."""
        self._header = new_header()
        self._cipher = SegmentCipher(data_key, self._header, bound)
        self._hash = hashlib.sha256()
        self._number = 0

    @property
    def room(self) -> int:
        """Bytes of content that the next segment can take."""
        return room_in(self._number)

    def seal(
        self, content: bytes | memoryview, into: bytearray | mmap, *, is_last: bool = False
    ) -> memoryview:
        """Seal the next segment, which is full unless it is the last; the bytes of `into` that are
        to be written. A full one may be the last too, so it must wait for the byte after it.
        """
        self._hash.update(content)
        start = 0 if self._number else len(self._header)
        into[:start] = self._header[:start]
        sealed = memoryview(into)
        end = start + self._cipher.seal_into(self._number, content, sealed[start:], is_last=is_last)
        self._number += 1
        return sealed[:end]

    def digest(self) -> bytes:
        """The SHA-256 of all content."""
        return self._hash.digest()
