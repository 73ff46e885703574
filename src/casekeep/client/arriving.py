"""A file on its way in: bytes go to `<name>.part`, are hashed and counted, and get their name only
when they are whole, proven and on disk.
"""

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath

from .errors import DigestMismatch, DownloadBroken
from .sources import Progress

_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):")
_RANGE = re.compile(r"bytes ([0-9]{1,19})-[0-9]{1,19}/([0-9]{1,19})")
_PARTIAL = 206


class Arriving:
    """The part that is here, and what the server said of the whole."""

    def __init__(self, target: Path, progress: Progress | None) -> None:
        self.target = target
        self._progress = progress
        self._part = target.with_name(f"{target.name}.part")
        self._part.unlink(missing_ok=True)
        self._file = self._part.open("xb")
        self._begin()

    def _begin(self) -> None:
        self.size = 0
        self._total: int | None = None
        self._etag: str | None = None
        self._expected: bytes | None = None
        self._sha256 = hashlib.sha256()

    def asked(self) -> dict[str, str]:
        """The header fields that ask for what is missing; only a strong tag can be trusted to mean
        the same bytes (RFC 9110, section 13.1.5), and without one the whole is asked for.
        """
        plain = {"accept-encoding": "identity"}
        if not self.size or self._etag is None:
            return plain
        return {**plain, "range": f"bytes={self.size}-", "if-range": self._etag}

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer begins: it goes on where the part ends, or everything starts over.

        Raises DownloadBroken for one that does neither.
        """
        if status == _PARTIAL:
            found = _RANGE.fullmatch(headers.get("content-range", ""))
            if found is None or (int(found[1]), int(found[2])) != (self.size, self._total):
                raise DownloadBroken("the server sent another part than the one asked for")
            return
        self._file.seek(0)
        self._file.truncate()
        self._begin()
        length = headers.get("content-length", "")
        self._total = int(length) if length.isascii() and length.isdigit() else None
        tag = headers.get("etag", "")
        self._etag = tag if tag.startswith('"') else None
        self._expected = _digest(headers.get("repr-digest")) or _digest(
            headers.get("content-digest")
        )

    def add(self, piece: bytes) -> None:
        """Keep the next bytes."""
        self._file.write(piece)
        self._sha256.update(piece)
        self.size += len(piece)
        if self._progress is not None:
            self._progress(self.size, self._total or self.size)

    @property
    def is_whole(self) -> bool:
        """Whether all bytes that were announced are here."""
        return self._total == self.size

    def finish(self) -> Path:
        """Give the file its name, in place of a file that had it before.

        Raises DigestMismatch, and DownloadBroken for too few or too many bytes, or when another
        download to the same place has come between.
        """
        if self._total not in (None, self.size):
            raise DownloadBroken(f"{self.size} bytes came instead of {self._total}")
        if self._expected not in (None, self._sha256.digest()):
            raise DigestMismatch("the bytes that came are not those that the server has")
        self._file.flush()
        os.fsync(self._file.fileno())
        if not self._is_ours():
            raise DownloadBroken("another download to the same place has come between")
        self._file.close()
        self._part.replace(self.target)
        _make_name_durable(self.target.parent)
        return self.target

    def discard(self) -> None:
        """Leave nothing behind. Harmless after `finish`."""
        with suppress(FileNotFoundError):
            if not self._file.closed and self._is_ours():
                self._part.unlink()
        self._file.close()

    def _is_ours(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._part.stat())
        except FileNotFoundError:
            return False


def target_of(to: str | os.PathLike[str], name: str) -> Path:
    """Where a download goes: `to`, or below it when it is a folder. Raises DownloadBroken for a
    name that would lead elsewhere: it comes from the server.
    """
    path = Path(to)
    if not path.is_dir():
        return path
    is_plain = PurePosixPath(name).name == PureWindowsPath(name).name == name
    if not is_plain or name in {"", ".", ".."} or not name.isprintable():
        raise DownloadBroken("the file's name is no name for a file here; say where to put it")
    return path / name


def _digest(field: str | None) -> bytes | None:
    """The SHA-256 of a digest field (RFC 9530), if it has one."""
    found = _SHA256.search(field or "")
    return base64.b64decode(found[1]) if found else None


def _make_name_durable(folder: Path) -> None:
    """A name is on disk when its folder is; not every system lets folders be synced."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
