"""One blob on its way to the disk, as blocking calls: bytes go to a `.partial` file, and get their
own name only when all are durable. Never touches a file that it did not make itself.
"""

import errno
import fcntl
import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from casekeep.blobs.folders import Folders
from casekeep.blobs.naming import PARTIAL
from casekeep.kernel.durability import sync_folder

BESIDE = ".beside"
"""What replaces a blob that is there is no unfinished upload, which a sweeper would take."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE_FILE = 0o600
_BLOCK = 4096
"""What the size and the place of a write are multiples of, for a disk to take it past the cache."""
_MANY = 1 << 19
"""Bytes for which that is worth while."""


class Landing:
    """Writes, hashes and settles one blob at `path`. All methods block; call them in a thread,
    one at a time. They raise OSError.
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
        self._size = 0
        self._is_past_cache = False
        self._may_go_past_cache = sys.platform == "linux"

    def write(self, pieces: Sequence[bytes | bytearray | memoryview]) -> None:
        """Append `pieces`, in order."""
        file = self._opened()
        for piece in pieces:
            if self._hash is not None:
                self._hash.update(piece)
            self._write(file, memoryview(piece))

    def _write(self, file: int, rest: memoryview) -> None:
        """Write all of it; past the system's cache where the disk takes it as it lies, which saves
        the system a copy of it, and others what they have in the cache.
        """
        while rest:
            is_whole = not (self._size | len(rest)) % _BLOCK
            self._go_past_cache(file, is_whole and len(rest) >= _MANY)
            try:
                written = os.write(file, rest)
            except OSError as error:
                if not self._is_past_cache or error.errno != errno.EINVAL:
                    raise
                self._never_past_cache(file)  # this disk is particular about where bytes begin
                continue
            self._size += written
            rest = rest[written:]

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

    def _go_past_cache(self, file: int, wanted: bool) -> None:
        if wanted != self._is_past_cache and self._may_go_past_cache:
            try:
                _set_direct(file, wanted)
            except OSError:  # a file system that is all in memory, for one, knows no other way
                self._may_go_past_cache = False
            else:
                self._is_past_cache = wanted

    def _never_past_cache(self, file: int) -> None:
        _set_direct(file, False)
        self._is_past_cache = self._may_go_past_cache = False

    def _opened(self) -> int:
        if self._file is None:
            self._file = self._folders.open_in(self._partial, _NEW, _PRIVATE_FILE)
            self._made = self._partial
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)


def _set_direct(file: int, wanted: bool) -> None:
    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    fcntl.fcntl(file, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
