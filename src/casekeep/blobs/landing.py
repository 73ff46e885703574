"""One blob on its way to the disk, as blocking calls: bytes go to a `.partial` file, and get their
own name only when all are durable. Never touches a file that it did not make itself.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from casekeep.blobs.folders import Folders
from casekeep.blobs.naming import PARTIAL
from casekeep.kernel.durability import sync_folder

BESIDE = ".beside"
"""What replaces a blob that is there is no unfinished upload, which a sweeper would take."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE_FILE = 0o600


class Landing:
    """Writes, hashes and settles one blob at `path`. All methods block; call them in a thread,
    one at a time, save `push`. They raise OSError.
    """

    def __init__(
        self, folders: Folders, path: Path, *, beside: str = PARTIAL, hashed: bool = True
    ) -> None:
        """`hashed`: whether `settle` tells the SHA-256."""
        self._folders = folders
        self._path = path
        self._partial = path.with_name(path.name + beside)
        self._file: int | None = None
        self._made: Path | None = None
        self._hash = hashlib.sha256() if hashed else None

    def write(self, pieces: Sequence[bytes | bytearray | memoryview]) -> None:
        """Append `pieces`, in order."""
        file = self._opened()
        for piece in pieces:
            if self._hash is not None:
                self._hash.update(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(file, rest) :]

    def push(self, start: int, length: int) -> None:
        """Have the system begin to put these bytes on the disk, so that in the end it waits for few
        only. It returns when the disk has so much to do that it takes no more; beside `write`.
        """
        if sys.platform == "linux":
            with suppress(OSError):  # it is a hint: what is wrong with the disk is told by `settle`
                os.posix_fadvise(self._opened(), start, length, os.POSIX_FADV_DONTNEED)

    def settle(self, pieces: Sequence[bytes | bytearray | memoryview]) -> bytes:
        """Append the last `pieces`, make the blob durable under its name; its SHA-256."""
        self.write(pieces)
        os.fsync(self._opened())
        self._close()
        self._partial.rename(self._path)
        self._made = self._path
        sync_folder(self._path.parent)
        return self._hash.digest() if self._hash else b""

    def discard(self) -> None:
        """Remove what was written, whichever name it has by now."""
        self._close()
        if self._made is not None:
            self._made.unlink(missing_ok=True)
            sync_folder(self._made.parent)
            self._made = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = self._folders.open_in(self._partial, _NEW, _PRIVATE_FILE)
            self._made = self._partial
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)
