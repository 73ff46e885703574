"""One read of a blob, as blocking calls. It opens the file with the first piece and closes it with
the last, so that a small blob costs one hop to a thread.
"""

import os
from pathlib import Path

from casekeep.blobs.store import CHUNK, StoreUnavailable


class Taking:
    """Hands out `length` bytes of the file `path` from offset `start`, once."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        self._path = path
        self._start = start
        self._file: int | None = None
        self.left = length

    def next_piece(self) -> bytes:
        """The next piece, at most CHUNK bytes; blocks. Raises OSError, and StoreUnavailable when
        the file ends too early.
        """
        if self._file is None:
            self._file = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        piece = os.pread(self._file, min(CHUNK, self.left), self._start)
        if not piece:
            raise StoreUnavailable("the blob is shorter than its record says")
        self._start += len(piece)
        self.left -= len(piece)
        if not self.left:
            self.close()
        return piece

    def close(self) -> None:
        """Let go of the file, read to its end or not."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)
