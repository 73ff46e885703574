"""A patient's upload: a file in base64 inside a JSON body. It is decoded piece by piece on its way
into the store, so that beside the body itself no second copy of the file is held.
"""

import binascii
import re
from collections.abc import AsyncGenerator
from typing import Annotated, Literal

import msgspec
from litestar import Response, post
from litestar.params import JSONBody

from casekeep.files.content import PORTAL_TYPES
from casekeep.files.model import Category, SizeLimits
from casekeep.files.names import is_blank
from casekeep.http.connections import field_values, house_of
from casekeep.http.digests import REPR_DIGEST, sha256_in
from casekeep.http.openapi import CheckedUpload
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CaseId

from .attachments import FileName, ReceivedAnswer, received
from .envelope import answer
from .errors import FILE_REFUSED, NO_CASE, NO_STORAGE, NOT_PROVEN, NOT_VALID, TOO_LARGE, TOO_MANY
from .openapi import refusals
from .proof import PatientRequest
from .reading import read_uuid

_PREFIX = re.compile(r"data:([^,;]{0,100})(?:;[^,]{0,200})?;base64,", re.IGNORECASE)
_PIECE = 1 << 20
"""Characters decoded at a time: a multiple of four, since four of them are three bytes."""
_ROOM_FOR_OTHER_FIELDS = 1 << 16

MediaType = Literal[
    "application/pdf",
    "application/msword",
    "text/csv",
    "text/plain",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
    "image/tiff",
    "image/webp",
]


class Upload(msgspec.Struct, frozen=True, rename="camel"):
    """A file and the case it belongs to; without a case it is a general document."""

    name: FileName
    data: Annotated[str, msgspec.Meta(description="base64, a `data:` prefix is accepted")]
    mime_type: MediaType
    case_id: (
        Annotated[str, msgspec.Meta(extra_json_schema={"extra": {"format": "uuid"}})] | None
    ) = None


@post(
    "/upload",
    status_code=200,
    operation_class=CheckedUpload,
    responses=refusals(
        NOT_VALID, FILE_REFUSED, NOT_PROVEN, NO_CASE, TOO_LARGE, TOO_MANY, NO_STORAGE
    ),
    summary="Upload a file",
    response_description="The file, as it was kept",
)
async def upload(request: PatientRequest, data: JSONBody[Upload]) -> Response[ReceivedAnswer]:
    """Upload a file to one of the patient's cases, or as a general document."""
    case_id = None if data.case_id is None else CaseId(read_uuid(data.case_id))
    _check(data)
    content = decoded(data.data)
    said = sha256_in(field_values(request, b"repr-digest"), REPR_DIGEST)
    async with house_of(request).receiving.batch(request.user, PORTAL_TYPES) as batch:
        await batch.receive(data.name, content, Category.LAB, data.mime_type, sha256=said)
        file = await batch.keep_for_patient(case_id)
    return answer(ReceivedAnswer(200, success=True, data=received(file)))


def _check(data: Upload) -> None:
    """Raises InputNotValid for a blank name, and for two types at once."""
    if is_blank(data.name):
        raise InputNotValid("name must not be blank")
    prefix = _PREFIX.match(data.data)
    if prefix and prefix[1].lower() not in ("", data.mime_type):
        raise InputNotValid("data is said to be of another type than mimeType")


async def decoded(data: str) -> AsyncGenerator[bytes, None]:
    """The bytes of base64 text (RFC 4648, section 4, strictly), in pieces. Raises InputNotValid."""
    prefix = _PREFIX.match(data)
    start = prefix.end() if prefix else 0
    if data.find("=", start, -2) >= 0 or (len(data) - start) % 4:
        raise InputNotValid("data must be base64")
    for at in range(start, len(data), _PIECE):
        try:
            yield binascii.a2b_base64(data[at : at + _PIECE], strict_mode=True)
        except ValueError:
            raise InputNotValid("data must be base64") from None


def largest_upload(limits: SizeLimits) -> int:
    """Bytes that the JSON body of an upload may have: the largest file in base64, and the rest."""
    return (limits.of(Category.LAB) + 2) // 3 * 4 + _ROOM_FOR_OTHER_FIELDS
