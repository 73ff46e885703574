"""One blob on its way to being sealed, as blocking calls: hashed as it is, given out sealed."""

import hashlib
from collections.abc import Sequence

from casekeep.blobs.sealing.format import SegmentCipher, new_header
from casekeep.blobs.sealing.segments import room_in


class Sealer:
    """Takes content, gives sealed bytes. All methods block; call them one at a time."""

    def __init__(self, data_key: bytes, bound: bytes) -> None:
        """`bound`: what the blob belongs to. A data key may seal one blob only."""
        self._header = new_header()
        self._cipher = SegmentCipher(data_key, self._header, bound)
        self._hash = hashlib.sha256()
        self._number = 0
        self.held = bytearray()
        """Content that waits for its segment to be full, or the last."""

    def take(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Take the next content; what can be written by now. A full segment waits for the byte
        after it, because the last one is sealed as the last.
        """
        sealed: list[bytes] = []
        for piece in pieces:
            self._hash.update(piece)
            self.held += piece
            while len(self.held) > (room := room_in(self._number)):
                sealed += self._next(room, is_last=False)
        return sealed

    def end(self, pieces: Sequence[bytes]) -> tuple[list[bytes], bytes]:
        """Take the last content; the rest to be written, and the SHA-256 of all content."""
        sealed = self.take(pieces)
        sealed += self._next(len(self.held), is_last=True)
        return sealed, self._hash.digest()

    def _next(self, size: int, *, is_last: bool) -> list[bytes]:
        with memoryview(self.held) as held, held[:size] as content:
            segment = self._cipher.seal(self._number, content, is_last=is_last)
        del self.held[:size]
        self._number += 1
        return [segment] if self._number > 1 else [self._header, segment]
