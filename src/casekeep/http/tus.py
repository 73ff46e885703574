"""The tus protocol 1.0.0 (tus.io/protocols/resumable-upload) for an edge: what its header fields
say, and what its answers carry. Who may, and the words of a refusal, are the edge's own.
"""

import base64
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from litestar import Response
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from casekeep.files.uploads.model import DIGESTS, Arrival, Checksum, Upload
from casekeep.kernel.errors import InputNotValid

from .connections import Connection, field_values
from .timestamps import http_date
from .uploads import body_chunks

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
BYTES = "application/offset+octet-stream"

_NUMBER = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")  # neither a space nor a comma
_LONGEST_METADATA = 8 * 1024
_WRONG_VERSION, _WRONG_TYPE = 412, 415


@dataclass(frozen=True, slots=True)
class Creation:
    """What `POST` says of a new upload. `length`: in bytes, None while it is not known;
    `metadata`: `values` as they were said.
    """

    length: int | None
    metadata: str
    values: Mapping[str, str]


def demand_version(connection: Connection) -> None:
    """Go on if the client speaks this version of the protocol; else the answer is 412."""
    if field_values(connection, b"tus-resumable") != [VERSION]:
        raise HTTPException(
            f"Tus-Resumable must be {VERSION}",
            status_code=_WRONG_VERSION,
            headers={"Tus-Version": VERSION},
        )


def read_creation(connection: Connection) -> Creation:
    """The header fields of a creation. Raises InputNotValid."""
    length = _number(connection, "Upload-Length")
    deferred = _one(connection, "Upload-Defer-Length")
    if (length is None) == (deferred is None) or deferred not in {None, "1"}:
        raise InputNotValid("Upload-Length is missing, or Upload-Defer-Length: 1 in its place")
    metadata = _one(connection, "Upload-Metadata") or ""
    return Creation(length, metadata, read_metadata(metadata))


def read_metadata(text: str) -> dict[str, str]:
    """The pairs of an `Upload-Metadata` field. Raises InputNotValid."""
    if len(text) > _LONGEST_METADATA:
        raise InputNotValid(f"Upload-Metadata is longer than {_LONGEST_METADATA} characters")
    values: dict[str, str] = {}
    for pair in text.split(",") if text.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in values:
            raise InputNotValid("Upload-Metadata must be pairs of a key and a value in base64")
        values[key] = _decoded(value)
    return values


def read_arrival(connection: Connection, *, offset: int | None = None) -> Arrival:
    """The bytes of a request, and what is said of them. `offset`: where they belong, if that is no
    field of theirs. Any other content type is answered 415. Raises InputNotValid.
    """
    if _one(connection, "Content-Type") != BYTES:
        raise HTTPException(f"Content-Type must be {BYTES}", status_code=_WRONG_TYPE)
    if offset is None:
        offset = _number(connection, "Upload-Offset")
        if offset is None:
            raise InputNotValid("Upload-Offset is missing")
    length = _number(connection, "Upload-Length")
    return Arrival(
        offset,
        _body(connection),
        size=_number(connection, "Content-Length"),
        length=length,
        checksum=_checksum(connection),
    )


def has_bytes(connection: Connection) -> bool:
    """Whether a creation brings bytes along (`creation-with-upload`). A body that is none of the
    protocol's is answered 415.
    """
    if _one(connection, "Content-Type") == BYTES:
        return True
    if _number(connection, "Content-Length") or _one(connection, "Transfer-Encoding"):
        raise HTTPException(f"Content-Type must be {BYTES}", status_code=_WRONG_TYPE)
    return False


def answer(status: int, headers: Mapping[str, str]) -> Response[None]:
    """An answer that is all header fields, and is never to be stored."""
    return Response(
        None,
        status_code=status,
        media_type=MediaType.TEXT,  # of JSON it would be a `null`
        headers={"Cache-Control": "no-store", **headers},
    )


def discovered(largest: int) -> dict[str, str]:
    """What the server can do. `largest`: bytes that an upload may have."""
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(largest),
        "Tus-Checksum-Algorithm": ",".join(DIGESTS),
    }


def progress(upload: Upload) -> dict[str, str]:
    """How far an upload is, and the file that became of it."""
    headers = {"Upload-Offset": str(upload.received)}
    if upload.file_id is not None:
        return {**headers, "Upload-File-Id": str(upload.file_id)}
    return {**headers, "Upload-Expires": http_date(upload.expires_at)}


def description(upload: Upload) -> dict[str, str]:
    """All there is to say of an upload to its sender."""
    length = (
        {"Upload-Defer-Length": "1"}
        if upload.length is None
        else {"Upload-Length": str(upload.length)}
    )
    metadata = {"Upload-Metadata": upload.metadata} if upload.metadata else {}
    return {**progress(upload), **length, **metadata}


def marking(prefix: str) -> BeforeMessageSendHookHandler:
    """A hook that puts the version on every answer below a path, refusals too."""

    async def mark(message: Message, scope: Scope) -> None:
        path: str = scope["path"]
        if message["type"] == "http.response.start" and (
            path == prefix or path.startswith(prefix + "/")
        ):
            MutableScopeHeaders.from_message(message)["Tus-Resumable"] = VERSION

    return mark


def overridden(connection: Connection) -> str | None:
    """The method that a client means which cannot send it (`X-HTTP-Method-Override`)."""
    return _one(connection, "X-HTTP-Method-Override")


async def _body(connection: Connection) -> AsyncIterator[bytes]:
    async for chunk in body_chunks(connection.receive):
        yield chunk


def _checksum(connection: Connection) -> Checksum | None:
    said = _one(connection, "Upload-Checksum")
    if said is None:
        return None
    algorithm, _, digest = said.partition(" ")
    if algorithm not in DIGESTS:
        raise InputNotValid(f"Upload-Checksum must be one of {', '.join(DIGESTS)}")
    try:
        return Checksum(algorithm, base64.b64decode(digest, validate=True))
    except ValueError:  # of a character that is not ASCII it is no binascii.Error
        raise InputNotValid("Upload-Checksum must be in base64") from None


def _decoded(value: str) -> str:
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except ValueError:
        raise InputNotValid("Upload-Metadata must be UTF-8 in base64") from None
    if "\0" in text:
        raise InputNotValid("Upload-Metadata contains a NUL character")
    return text


def _number(connection: Connection, name: str) -> int | None:
    value = _one(connection, name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise InputNotValid(f"{name} must be a whole number")
    return int(value)


def _one(connection: Connection, name: str) -> str | None:
    """The value of a field that may stand once. Raises InputNotValid."""
    values = field_values(connection, name.lower().encode())
    if len(values) > 1:
        raise InputNotValid(f"{name} may be given once")
    return values[0] if values else None
