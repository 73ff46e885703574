"""Finds the files of a ZIP and reads them without ever unpacking it: an entry's bytes come piece by
piece, and its path is a label. What could be a bomb or a trick is refused before it is read.
"""

import asyncio
import re
import stat
import zipfile
import zlib
from binascii import crc32
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path

from casekeep.files.importing.leaving_out import (
    NO_FILE,
    SYMBOLIC_LINK,
    parts_of,
    why_left_out,
)
from casekeep.files.importing.model import (
    PIECE,
    Found,
    Source,
    SourceBroken,
    Told,
    left_out,
    refused,
)
from casekeep.kernel.errors import InputNotValid

MOST_ENTRIES = 50_000
MOST_BYTES = 200 << 30
"""Bytes of all entries together, unpacked."""
MOST_RATIO = 500
"""How many times larger than its packed form an entry of some size may be. Deflate reaches 1032."""

_LARGEST_READ = 16 << 20  # of the list of entries, which is read at once
_SMALL = 1 << 20  # bytes that no ratio makes a bomb of
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # of others one read can make gigabytes
_ENCRYPTED, _NAME_IS_UTF8 = 0x1, 0x800  # APPNOTE 6.3.10, section 4.4.4
_UNICODE_PATH = 0x7075  # section 4.6.9
_UNIX = 3
_DRIVE = re.compile(r"[A-Za-z]:")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
_NOT_OPENED = (*_BROKEN, ValueError, IndexError)  # what a list of entries that lies can raise


class _Archive(FileIO):
    """The file of a ZIP, of which nobody reads much at once, whatever it says of itself."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or size > _LARGEST_READ:
            size = _LARGEST_READ + 1
        data = super().read(size) or b""
        if len(data) > _LARGEST_READ:
            raise zipfile.BadZipFile
        return data


@contextmanager
def find_in_zip(path: Path) -> Generator[Source, None, None]:
    """Everything in a ZIP, in its order, to be read within the context. Raises InputNotValid for
    what is no ZIP, or holds more than anybody would bring in at a time.
    """
    with _Archive(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except _NOT_OPENED:
            raise InputNotValid("this is no ZIP that can be read") from None
        with archive:
            _check(archive, path.stat().st_size)
            yield _find(archive)


def _check(archive: zipfile.ZipFile, size: int) -> None:
    """Raises InputNotValid for an archive that is as a whole too much, or that shows the same
    bytes as several files, which is how a small one becomes a huge one.
    """
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise InputNotValid(f"this ZIP has more than {MOST_ENTRIES} entries")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise InputNotValid(f"this ZIP unpacks to more than {MOST_BYTES >> 30} GiB")
    if sum(entry.compress_size for entry in entries) > size:
        raise InputNotValid("this ZIP says that it holds more than it has bytes")


def _find(archive: zipfile.ZipFile) -> Source:
    files: list[Found] = []
    told: list[Told] = []
    seen: set[str] = set()
    for info in archive.infolist():
        path = _name(info)
        if path.endswith(("/", "\\")):
            continue
        judged = refused(path, "twice in the archive") if path in seen else _judged(info, path)
        seen.add(path)
        if judged is None:
            files.append(Found(path, info.file_size, partial(_read, archive, info)))
        else:
            told.append(judged)
    return Source(tuple(files), tuple(told))


def _judged(info: zipfile.ZipInfo, path: str) -> Told | None:
    """What is to be told of an entry that is not read; None of one that is."""
    if leads_out(path):
        return refused(path, "its path leads out of the archive")
    reason = why_left_out(path) or _kind(info)
    if reason is not None:
        return left_out(path, reason)
    if info.flag_bits & _ENCRYPTED:
        return refused(path, "it is encrypted")
    if info.compress_type not in _METHODS:
        return refused(path, "it is packed in a way that is not read here")
    if info.file_size > max(_SMALL, MOST_RATIO * info.compress_size):
        return refused(path, f"it unpacks to more than {MOST_RATIO} times its size")
    return None


def leads_out(path: str) -> bool:
    """Whether a path is one that a tool which unpacks could be led astray by."""
    return (
        "\0" in path
        or path.startswith(("/", "\\"))
        or bool(_DRIVE.match(path))
        or ".." in parts_of(path)
    )


def _kind(info: zipfile.ZipInfo) -> str | None:
    """What an entry is if it is no file, as Unix tools say it."""
    kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == _UNIX else 0
    if kind == stat.S_IFLNK:
        return SYMBOLIC_LINK
    return None if kind in {0, stat.S_IFREG} else NO_FILE


def _name(info: zipfile.ZipInfo) -> str:
    """An entry's path: in UTF-8 where it says so, or where it is some all the same, as many tools
    write it; else in the code page that PKWARE had (APPNOTE 6.3.10, appendix D).
    """
    if info.flag_bits & _NAME_IS_UTF8:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437", "replace")
    stated = _stated_name(info.extra, raw)
    if stated is not None:
        return stated
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return info.orig_filename


def _stated_name(extra: bytes, raw: bytes) -> str | None:
    """The name in the field for one in Unicode, if it is there and about this very name."""
    while len(extra) >= 4:  # noqa: PLR2004 - two numbers of two bytes: which field, how long
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        is_about_it = field[:1] == b"\1" and field[1:5] == crc32(raw).to_bytes(4, "little")
        if kind == _UNICODE_PATH and is_about_it:
            return field[5:].decode(errors="replace")
    return None


async def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> AsyncGenerator[bytes, None]:
    """The bytes of an entry: never more than it says, and its CRC is compared."""
    try:
        with await asyncio.to_thread(archive.open, info) as entry:
            while piece := await asyncio.to_thread(entry.read, PIECE):
                yield piece
    except _BROKEN:
        raise SourceBroken("it is damaged in the archive") from None
