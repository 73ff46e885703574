"""Forms with files, read as a stream: no byte is spooled, or held longer than its piece. It never
looks into a file and never passes on a parser's own error text.
"""

import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import parse_qsl

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from casekeep.kernel.errors import DigestMismatch, InputNotValid, UploadBroken

from .asgi import Receive
from .digests import CONTENT_DIGEST, REPR_DIGEST, sha256_in
from .dispositions import read_disposition, read_field

FIELD_LIMIT = 64 * 1024
"""The most bytes of a text field."""
TEXT_LIMIT = 256 * 1024
"""The most bytes of all text fields of a form, their names included."""

_MOST_PARTS = 1000
_MOST_HEADERS = 16
_LONGEST_HEADER = 8 * 1024
_MOST_SILENCE = 1 << 20  # bytes in a row that belong to no part
_LONGEST_URLENCODED = 1 << 20
_BOUNDARY = re.compile(r"[\x20-\x7e]{1,200}")

_NOT_A_FORM = "The request must be multipart/form-data or application/x-www-form-urlencoded"
_GARBLED = "The form could not be read"
_CUT_SHORT = "The upload ended early"
_OVER_LIMIT = "The form has too many parts, or is too long outside of its files"


@dataclass(frozen=True, slots=True)
class _Head:
    """A part begins; its bytes follow as events, then None."""

    name: str
    filename: str | None
    content_type: str | None
    sha256: bytes | None = None


_NO_MORE = _Head("", None, None)
_Event = _Head | bytes | None


async def body_chunks(receive: Receive) -> AsyncGenerator[bytes, None]:
    """The body of an ASGI request as it comes in. Raises UploadBroken when the client goes away;
    one that stalls is told apart by `patience`, around every request.
    """
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise UploadBroken(_CUT_SHORT)
        more = message.get("more_body", False)
        if body := message.get("body", b""):
            yield body


class Content:
    """The bytes of one part, once. Raises UploadBroken while being read."""

    def __init__(self, events: AsyncIterator[_Event]) -> None:
        self._events = events
        self._ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        event = await anext(self._events, _NO_MORE)
        if isinstance(event, bytes):
            return event
        self._ended = True
        if event is None:
            raise StopAsyncIteration
        raise UploadBroken(_CUT_SHORT)  # read on after an error: never a short file taken as whole


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. Read it before asking for the next; what is left unread is passed over.

    `filename` is None for a text field. It is what the client wrote: a label, never a path; a
    browser sends an empty one for a file input left empty. `content_type` is the client's claim, as
    is `sha256`, from a digest field of the part; whoever keeps the bytes compares.
    """

    name: str
    filename: str | None
    content_type: str | None
    chunks: AsyncIterator[bytes]
    sha256: bytes | None = None

    async def text(self, limit: int = FIELD_LIMIT) -> str:
        """The part as text. Raises InputNotValid over `limit` bytes, or if it is no UTF-8 text, and
        DigestMismatch.
        """
        content = bytearray()
        async for chunk in self.chunks:
            content += chunk
            if len(content) > limit:
                raise InputNotValid(f"The field {self.name[:64]} is longer than {limit} bytes")
        if self.sha256 not in (None, hashlib.sha256(content).digest()):
            raise DigestMismatch(f"{self.name[:64]}: the content is not what its digest says")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise InputNotValid(f"The field {self.name[:64]} is not UTF-8 text") from None
        if "\0" in text:
            raise InputNotValid(f"The field {self.name[:64]} contains a NUL character")
        return text


async def parts(body: AsyncIterable[bytes], content_type: str) -> AsyncGenerator[Part, None]:
    """The parts of a form in order: multipart/form-data (RFC 7578), or urlencoded, whose pairs are
    parts without a file name. Raises UploadBroken for a body that does not parse or ends early.
    """
    media_type, options = read_field(content_type) or ("", {})
    if media_type == "application/x-www-form-urlencoded":
        events = _urlencoded_events(body)
    elif media_type == "multipart/form-data" and _BOUNDARY.fullmatch(options.get("boundary", "")):
        events = _multipart_events(body, options["boundary"])
    else:
        raise UploadBroken(_NOT_A_FORM)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, _Head):
                part = Part(
                    event.name, event.filename, event.content_type, Content(events), event.sha256
                )
                yield part
                async for _ in part.chunks:
                    pass


def _head(segment: MultipartSegment) -> _Head:
    fields = [value for name, value in segment.headerlist if name == "Content-Disposition"]
    found = read_disposition(fields[0]) if len(fields) == 1 else None
    if found is None or found.kind != "form-data" or found.name is None:
        raise UploadBroken(_GARBLED)
    return _Head(found.name, found.filename, segment.content_type, _digest(segment))


def _digest(segment: MultipartSegment) -> bytes | None:
    """A part's content is the whole of what it represents: both fields mean the same bytes."""
    given = {
        sha256_in([value for name, value in segment.headerlist if name == field], field)
        for field in (CONTENT_DIGEST, REPR_DIGEST)
    } - {None}
    if len(given) > 1:
        raise InputNotValid("Content-Digest and Repr-Digest of a part must be the same")
    return given.pop() if given else None


async def _multipart_events(
    body: AsyncIterable[bytes], boundary: str
) -> AsyncGenerator[_Event, None]:
    parser = PushMultipartParser(
        boundary,
        max_header_size=_LONGEST_HEADER,
        max_header_count=_MOST_HEADERS,
        max_segment_count=_MOST_PARTS,
        header_charset="latin-1",  # one character a byte; `read_disposition` knows the charsets
    )
    silence = 0
    try:
        async for chunk in body:
            silence += len(chunk)
            for event in parser.parse(chunk) if chunk else ():  # an empty one would close it
                silence = 0
                yield _head(event) if isinstance(event, MultipartSegment) else event
            if silence > _MOST_SILENCE:
                raise UploadBroken(_OVER_LIMIT)
    except ParserLimitReached:
        raise UploadBroken(_OVER_LIMIT) from None
    except MultipartError:
        raise UploadBroken(_GARBLED) from None
    try:
        parser.close()
    except MultipartError:
        raise UploadBroken(_CUT_SHORT) from None


async def _urlencoded_events(body: AsyncIterable[bytes]) -> AsyncGenerator[_Event, None]:
    content = bytearray()
    async for chunk in body:
        content += chunk
        if len(content) > _LONGEST_URLENCODED:
            raise UploadBroken(_OVER_LIMIT)
    try:
        pairs = parse_qsl(
            content.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_PARTS
        )
    except ValueError:
        raise UploadBroken(_GARBLED) from None
    for name, value in pairs:
        yield _Head(name, None, None)
        yield value.encode()
        yield None
