"""What an exported case says of itself: which files it holds, where, and what was said of them. An
import reads the same; nothing here is believed of a file before its digest was compared.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from casekeep.files.model import Category, StoredFile
from casekeep.files.names import disk_name, numbered
from casekeep.kernel.errors import InputNotValid

MANIFEST, CASE, SUMS = "manifest.json", "case.json", "SHA256SUMS"
"""Entries of an export beside the files: what is in it, the case, and digests for `sha256sum`."""

FORMAT = "casekeep-export"
VERSION = 1
_FOLDER = "files/"


class Exporter(msgspec.Struct, frozen=True):
    """Who exported a case, as the audit has it."""

    kind: str
    id: UUID | None


class ExportedCase(msgspec.Struct, frozen=True):
    """Both ids of the case."""

    id: UUID
    number: int


class ExportedFile(msgspec.Struct, frozen=True):
    """A file of the case. `path`: its entry; `size` in bytes; `sha256` in hexadecimal digits."""

    id: UUID
    name: str
    path: str
    type: str
    size: int
    sha256: str
    category: Category
    is_phi: bool
    is_restricted: bool
    uploaded_at: datetime


class Manifest(msgspec.Struct, frozen=True):
    """The whole of `manifest.json`, version 1."""

    format: Literal["casekeep-export"]
    version: Literal[1]
    exported_at: datetime
    exported_by: Exporter
    case: ExportedCase
    files: tuple[ExportedFile, ...]


class _Head(msgspec.Struct, frozen=True):
    """What says whether a document is a manifest of ours at all."""

    format: Literal["casekeep-export"]
    version: int


def exported_files(files: Sequence[StoredFile]) -> tuple[ExportedFile, ...]:
    """Files as a manifest tells of them, in their order, each with a path of its own."""
    paths = _paths([file.name for file in files])
    return tuple(
        ExportedFile(
            file.id,
            file.name,
            path,
            file.media_type,
            file.size,
            file.sha256.hex(),
            file.category,
            file.is_phi,
            file.is_restricted,
            file.created_at,
        )
        for file, path in zip(files, paths, strict=True)
    )


def written(manifest: Manifest) -> bytes:
    """The document, indented for people."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def read_manifest(document: bytes) -> Manifest | None:
    """The manifest that a document is; None if it is something else. Raises InputNotValid for one
    of another version, and for one that is broken.
    """
    try:
        head = msgspec.json.decode(document, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if head.version != VERSION:
        raise InputNotValid(f"this export is of version {head.version}; {VERSION} can be read")
    try:
        return msgspec.json.decode(document, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InputNotValid("the manifest of this export is broken") from None


def sums(digests: Sequence[tuple[str, str]]) -> bytes:
    """Paths and digests as `sha256sum --check` reads them (GNU coreutils manual, "md5sum")."""
    return "".join(f"{digest}  {path}\n" for path, digest in digests).encode()


def _paths(names: Sequence[str]) -> list[str]:
    """An entry's path for each name: what one disk takes for the same name gets numbers."""
    taken: set[str] = set()
    tried: dict[str, int] = {}
    paths: list[str] = []
    for name in map(disk_name, names):
        number = tried.get(name, 0) + 1
        while (found := numbered(name, number)).casefold() in taken:
            number += 1
        tried[name] = number
        taken.add(found.casefold())
        paths.append(_FOLDER + found)
    return paths
