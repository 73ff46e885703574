"""A patient's resumable uploads (tus 1.0.0, tus.io/protocols/resumable-upload), ours beside the
published contract: the calls, and what their metadata say of a file.
"""

from collections.abc import Mapping
from typing import Annotated

from litestar import Response, Router, delete, head, patch, post, route
from litestar.enums import HttpMethod
from litestar.params import PathParameter

from casekeep.files.model import Category
from casekeep.files.names import is_blank
from casekeep.files.uploads.model import NewUpload
from casekeep.http import resuming
from casekeep.http.connections import house_of
from casekeep.http.resuming_described import (
    BEGUN,
    DISCOVERED,
    ENDED,
    OVERRIDDEN,
    PROCEEDED,
    SHOWN,
    Beginning,
    Overriding,
    Proceeding,
    Versioned,
)
from casekeep.http.tus import demand_version, read_creation
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CaseId, UploadId

from .errors import (
    CHECKSUM_WRONG,
    FILE_REFUSED,
    NO_BYTES,
    NO_CASE,
    NO_METHOD,
    NO_ROOM,
    NO_STORAGE,
    NO_UPLOAD,
    NO_VERSION,
    NOT_PROVEN,
    NOT_VALID,
    OFFSET_WRONG,
    TOO_MUCH,
    UPLOAD_BUSY,
    UPLOAD_GONE,
)
from .openapi import KEY_AND_TOKEN, refusals
from .proof import PatientRequest, require_patient
from .reading import read_uuid

PATH = "/api/v1/users/me/uploads"

_PathId = Annotated[str, PathParameter(schema_extra={"format": "uuid"})]
_ASKED = (NOT_VALID, NOT_PROVEN, NO_VERSION)
_KEPT = (
    *(FILE_REFUSED, NO_CASE, TOO_MUCH, NO_ROOM, NO_BYTES, CHECKSUM_WRONG, UPLOAD_BUSY),
    NO_STORAGE,
)
_OWN = (NO_UPLOAD, UPLOAD_GONE)


@route(
    "/",
    http_method=[HttpMethod.OPTIONS],
    status_code=204,
    responses={**DISCOVERED, **refusals(NOT_VALID, NOT_PROVEN)},
    summary="Ask what resumable uploads can do",
)
async def discover_uploads(request: PatientRequest) -> Response[None]:
    """The protocol's version and extensions, and the largest upload."""
    return resuming.discover(house_of(request).uploads)


@post(
    "/",
    status_code=201,
    operation_class=Beginning,
    responses={**BEGUN, **refusals(*_ASKED, *_KEPT, UPLOAD_GONE)},
    summary="Begin a resumable upload",
)
async def begin_upload(request: PatientRequest) -> Response[None]:
    """Begin an upload to one of the patient's cases, or of a general document. Its metadata:
    `filename`, and if wanted `filetype`, which the content must be then, and `caseId`.
    """
    demand_version(request)
    said = read_creation(request)
    new = _new_upload(said.values, said.length, said.metadata)
    return await resuming.begin(request, house_of(request).uploads, request.user, new)


@head(
    "/{upload_id:str}",
    operation_class=Versioned,
    responses={**SHOWN, **refusals(*_ASKED, *_OWN, UPLOAD_BUSY, FILE_REFUSED, NO_STORAGE)},
    summary="Ask how far an upload is",
)
async def show_upload(request: PatientRequest, upload_id: _PathId) -> Response[None]:
    """How many bytes have arrived; once all have, the file's id."""
    kit, wanted = house_of(request).uploads, UploadId(read_uuid(upload_id))
    return await resuming.show(request, kit, request.user, wanted)


@patch(
    "/{upload_id:str}",
    status_code=204,
    operation_class=Proceeding,
    responses={**PROCEEDED, **refusals(*_ASKED, *_KEPT, *_OWN, OFFSET_WRONG)},
    summary="Send the next bytes of an upload",
)
async def proceed_with_upload(request: PatientRequest, upload_id: _PathId) -> Response[None]:
    """Send bytes that follow on those that have arrived. After the last one the file is there, and
    `Upload-File-Id` is its id.
    """
    kit, wanted = house_of(request).uploads, UploadId(read_uuid(upload_id))
    return await resuming.proceed(request, kit, request.user, wanted)


@delete(
    "/{upload_id:str}",
    status_code=204,
    operation_class=Versioned,
    responses={**ENDED, **refusals(*_ASKED, *_OWN)},
    summary="Give an upload up",
)
async def end_upload(request: PatientRequest, upload_id: _PathId) -> Response[None]:
    """Give an unfinished upload up; what has arrived is removed."""
    kit, wanted = house_of(request).uploads, UploadId(read_uuid(upload_id))
    return await resuming.end(request, kit, request.user, wanted)


@post(
    "/{upload_id:str}",
    status_code=204,
    operation_class=Overriding,
    responses={**OVERRIDDEN, **refusals(*_ASKED, *_KEPT, *_OWN, OFFSET_WRONG, NO_METHOD)},
    summary="Send another method as POST",
)
async def override_method(request: PatientRequest, upload_id: _PathId) -> Response[None]:
    """For clients that can send neither PATCH nor DELETE."""
    kit, wanted = house_of(request).uploads, UploadId(read_uuid(upload_id))
    return await resuming.by_another_name(request, kit, request.user, wanted)


def _new_upload(values: Mapping[str, str], length: int | None, metadata: str) -> NewUpload:
    """Raises InputNotValid."""
    case_id, name = values.get("caseId"), values.get("filename", "")
    if is_blank(name):
        raise InputNotValid("filename must not be blank")
    return NewUpload(
        name,
        values.get("filetype") or None,
        None if not case_id else CaseId(read_uuid(case_id)),
        Category.LAB,
        is_phi=False,
        is_restricted=False,
        length=length,
        metadata=metadata,
    )


router = Router(
    PATH,
    route_handlers=[
        discover_uploads,
        begin_upload,
        show_upload,
        proceed_with_upload,
        end_upload,
        override_method,
    ],
    guards=[require_patient],
    security=[KEY_AND_TOKEN],
    tags=["Resumable uploads"],
)
