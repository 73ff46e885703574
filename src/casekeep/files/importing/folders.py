"""Finds the files of a folder, and of the folders in it. A symbolic link is never followed, not
even one that takes a file's place between being found and being read.
"""

import asyncio
import os
import stat
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

from casekeep.files.importing.leaving_out import NO_FILE, SYMBOLIC_LINK, why_left_out
from casekeep.files.importing.model import (
    PIECE,
    Found,
    Source,
    SourceBroken,
    Told,
    left_out,
    refused,
)

_NOT_READABLE = "it cannot be read"


def find_in_folder(root: Path) -> Source:
    """Everything in `root`, by path; blocks. Raises OSError when `root` itself cannot be read."""
    files: list[Found] = []
    told: list[Told] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda each: each.name)
        except OSError:
            if folder == root:
                raise
            told.append(refused(_path(root, folder), _NOT_READABLE))
            continue
        for entry in entries:
            found = _judged(root, entry)
            if isinstance(found, Told):
                told.append(found)
            elif isinstance(found, Found):
                files.append(found)
            else:
                folders.append(found)
    return Source(tuple(sorted(files, key=lambda each: each.path)), tuple(told))


def _judged(root: Path, entry: "os.DirEntry[str]") -> Found | Told | Path:
    """A file, a folder to look into, or what is to be told instead."""
    place = Path(entry.path)
    path = _path(root, place)
    reason = why_left_out(_readable(entry.name))
    if reason is not None:
        return left_out(path, reason)
    try:
        if entry.is_symlink():
            return left_out(path, SYMBOLIC_LINK)
        if entry.is_dir(follow_symlinks=False):
            return place
        if not entry.is_file(follow_symlinks=False):
            return left_out(path, NO_FILE)
        return Found(path, entry.stat(follow_symlinks=False).st_size, partial(_read, place))
    except OSError:
        return refused(path, _NOT_READABLE)


async def _read(place: Path) -> AsyncGenerator[bytes, None]:
    """The bytes of a file, if it is one still."""
    try:
        handle = await asyncio.to_thread(_open, place)
        try:
            while piece := await asyncio.to_thread(os.read, handle, PIECE):
                yield piece
        finally:
            os.close(handle)
    except OSError:
        raise SourceBroken(_NOT_READABLE) from None


def _open(place: Path) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(place, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError
    return handle


def _path(root: Path, place: Path) -> str:
    return _readable(place.relative_to(root).as_posix())


def _readable(name: str) -> str:
    """A name as people read it. One that is no UTF-8 comes from an old Windows disk, mostly."""
    raw = os.fsencode(name)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
