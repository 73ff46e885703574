"""Files on their way out: where their bytes come from, and the two forms in which they travel
(multipart, and base64 inside JSON). A file is read piece by piece and never held whole.
"""

import base64
import binascii
import hashlib
import io
import mimetypes
import os
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO

import msgspec

PIECE = 3 << 16
"""Bytes read at a time: a multiple of three, since three bytes are four characters of base64."""

Progress = Callable[[int, int], None]
"""Called with the bytes that are done so far, and with how many there are."""

Source = str | os.PathLike[str] | bytes | IO[bytes]
"""A path, bytes, or a file that is open for reading in binary and can seek."""


@dataclass(frozen=True, slots=True)
class FileToSend:
    """A file and the name that people will see; without one, the last part of its path."""

    source: Source
    name: str | None = None


class Outgoing:
    """A file of known size, which can be read again from where it started."""

    def __init__(self, file: Source | FileToSend) -> None:
        given = file if isinstance(file, FileToSend) else FileToSend(file)
        self.name = given.name or _name_of(given.source)
        self._source = given.source
        self._start = 0
        if isinstance(given.source, bytes):
            self.size = len(given.source)
        elif isinstance(given.source, str | os.PathLike):
            self.size = Path(given.source).stat().st_size
        else:
            self._start = given.source.tell()
            self.size = given.source.seek(0, os.SEEK_END) - self._start

    @contextmanager
    def opened(self) -> Generator[IO[bytes], None, None]:
        """The bytes from the start. A file of the caller's stays open afterwards."""
        if isinstance(self._source, bytes):
            yield io.BytesIO(self._source)
        elif isinstance(self._source, str | os.PathLike):
            with Path(self._source).open("rb") as file:
                yield file
        else:
            self._source.seek(self._start)
            yield self._source


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a body: a file, as it is or in base64."""

    file: Outgoing
    in_base64: bool = False

    @property
    def length(self) -> int:
        """Bytes on the wire."""
        return (self.file.size + 2) // 3 * 4 if self.in_base64 else self.file.size

    def read(self, file: IO[bytes], most: int) -> tuple[int, bytes]:
        """The next bytes of the opened file, at most `most`: how many, and how they are sent.

        Raises OSError when there are none: the file became shorter on the way.
        """
        wanted, got = min(PIECE, most), bytearray()
        while len(got) < wanted:
            piece = file.read(wanted - len(got))
            if not piece:
                raise OSError("the file became shorter while it was sent")
            got += piece
        return wanted, binascii.b2a_base64(got, newline=False) if self.in_base64 else bytes(got)


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries. Where it `has_files`, its digest goes with it; elsewhere none does:
    headers get into logs, and a password could be guessed from the digest of a sign-in.
    """

    media_type: str
    segments: Sequence[Segment]
    has_files: bool = False

    @property
    def length(self) -> int:
        """Bytes on the wire."""
        return sum(segment.length for segment in self.segments)

    def content_digest(self) -> str:
        """The value of its Content-Digest (RFC 9530); it reads every file once more."""
        sha256 = hashlib.sha256()
        for segment in self.segments:
            with segment.file.opened() as file:
                left = segment.file.size
                while left:
                    read, piece = segment.read(file, left)
                    sha256.update(piece)
                    left -= read
        return f"sha-256=:{base64.b64encode(sha256.digest()).decode()}:"


def json_body(value: object, *, has_files: bool = False) -> Body:
    """Any value, as JSON."""
    return Body("application/json", [_text(msgspec.json.encode(value))], has_files)


def json_body_with_file(fields: Mapping[str, object], field: str, file: Outgoing) -> Body:
    """A JSON object with one more field at its end: the file, in base64."""
    head = msgspec.json.encode(fields)[:-1] + (b"," if fields else b"")
    head += msgspec.json.encode(field) + b':"'
    segments = [_text(head), Segment(file, in_base64=True), _text(b'"}')]
    return Body("application/json", segments, has_files=True)


def form_body(fields: Mapping[str, str], files: Sequence[tuple[str, Outgoing]]) -> Body:
    """A form (RFC 7578). The fields come first, so that a server knows them when files arrive."""
    edge = secrets.token_hex(16)
    segments = [
        _text(_head(edge, name) + value.encode() + b"\r\n") for name, value in fields.items()
    ]
    for name, file in files:
        segments += [_text(_head(edge, name, file.name)), Segment(file), _text(b"\r\n")]
    segments.append(_text(f"--{edge}--\r\n".encode()))
    return Body(f"multipart/form-data; boundary={edge}", segments, has_files=bool(files))


def media_type_of(name: str) -> str:
    """What the ending of a name says."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _text(content: bytes) -> Segment:
    return Segment(Outgoing(FileToSend(content, "text")))


def _head(edge: str, name: str, file_name: str | None = None) -> bytes:
    lines = [f"--{edge}", f'Content-Disposition: form-data; name="{_quoted(name)}"']
    if file_name is not None:
        lines[1] += f'; filename="{_quoted(file_name)}"'
        lines.append(f"Content-Type: {media_type_of(file_name)}")
    return "\r\n".join([*lines, "", ""]).encode()


def _quoted(name: str) -> str:
    """As browsers write names (the HTML standard, "multipart form data")."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _name_of(source: Source) -> str:
    """The name of the path, if there is one. Raises ValueError."""
    path = getattr(source, "name", None) if isinstance(source, io.IOBase) else source
    if not isinstance(path, str) and isinstance(source, os.PathLike):
        path = os.fspath(source)
    if isinstance(path, str) and (name := PurePath(path).name):
        return name
    raise ValueError("a file without a path needs a name: FileToSend(source, name)")
