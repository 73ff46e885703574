"""What an import finds, and what becomes of each thing it finds."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum

from casekeep.files.manifest import ExportedFile
from casekeep.kernel.ids import FileId

PIECE = 1 << 20
"""Bytes are read in pieces of at most 1 MiB."""


class Fate(StrEnum):
    """What became of something that an import found."""

    KEPT = "kept"
    SKIPPED = "skipped"
    REFUSED = "refused"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one thing, and why if it was not kept. `path`: within the source, fit to be
    printed; `file_id`: of a file that is kept now.
    """

    path: str
    fate: Fate
    reason: str | None = None
    file_id: FileId | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A file to bring in. `path`: as its source names it; `size`: the bytes that the source says it
    has; `read()` gives them and raises SourceBroken; `said`: what an export's manifest says of it.
    """

    path: str
    size: int
    read: Callable[[], AsyncGenerator[bytes, None]]
    said: ExportedFile | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """All that there is to bring in, in its order, and what was judged without being read."""

    files: tuple[Found, ...]
    told: tuple[Told, ...]


class SourceBroken(Exception):
    """Something that was found cannot be read; the text says why, and fits behind its path."""


def printable(path: str) -> str:
    """`path` as it may be printed: a name in an archive of others could else drive a terminal."""
    return "".join(each if each.isprintable() else "\ufffd" for each in path)


def refused(path: str, reason: str) -> Told:
    """What is not taken, and why."""
    return Told(printable(path), Fate.REFUSED, reason)


def left_out(path: str, reason: str) -> Told:
    """What is no file of a case to begin with."""
    return Told(printable(path), Fate.LEFT_OUT, reason)
