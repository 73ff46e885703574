"""One blob on its way to being sealed, as blocking calls: hashed as it is, given out sealed."""

import hashlib

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
        self.held = b""
        """Content that waits for its segment to be full, or the last."""

    def take(self, pieces: list[bytes]) -> list[bytes]:
        """Take the next content; what can be written by now. A full segment waits for the byte
        after it, because the last one is sealed as the last. `pieces` is emptied, so that their
        memory is free as soon as they are one.
        """
        content = memoryview(b"".join([self.held, *pieces]))
        pieces.clear()
        self._hash.update(content[len(self.held) :])
        sealed: list[bytes] = []
        while len(content) > (room := room_in(self._number)):
            sealed += self._next(content[:room], is_last=False)
            content = content[room:]
        self.held = bytes(content)
        return sealed

    def end(self, pieces: list[bytes]) -> tuple[list[bytes], bytes]:
        """Take the last content; the rest to be written, and the SHA-256 of all content."""
        sealed = self.take(pieces)
        sealed += self._next(self.held, is_last=True)
        return sealed, self._hash.digest()

    def _next(self, content: bytes | memoryview, *, is_last: bool) -> list[bytes]:
        segment = self._cipher.seal(self._number, content, is_last=is_last)
        self._number += 1
        return [segment] if self._number > 1 else [self._header, segment]
