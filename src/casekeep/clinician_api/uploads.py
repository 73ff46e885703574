"""Resumable uploads (tus 1.0.0, tus.io/protocols/resumable-upload), ours beside the published
contract: the calls, and what their metadata say of a file.
"""

from collections.abc import Mapping

import msgspec
from litestar import Response, Router, delete, head, patch, post, route
from litestar.enums import HttpMethod
from litestar.params import JSONBody

from casekeep.files.model import Category
from casekeep.files.uploads.claiming import claim_upload
from casekeep.files.uploads.model import NewUpload
from casekeep.http import resuming
from casekeep.http.connections import house_of
from casekeep.http.resuming_described import (
    BEGUN,
    CASE_NAMED,
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
from casekeep.http.tus import answer, demand_version, progress, read_creation
from casekeep.kernel.ids import UploadId

from .forms import Form
from .openapi import BEARER, BODY_NO_JSON, NO_CASE, ROLE_REFUSED, refusals
from .openapi_uploads import (
    BROKEN,
    BUSY,
    CHECKSUM_WRONG,
    GONE,
    HAS_CASE,
    METADATA_REFUSED,
    NO_BYTES,
    NO_METHOD,
    NO_ROOM,
    NO_UPLOAD,
    NO_VERSION,
    OFFSET_WRONG,
    UPLOAD_ID_REFUSED,
)
from .proof import SignedInRequest, require_token
from .wire import IdInPath, read_case_ref, read_uuid

PATH = "/uploads"
_KEPT = (BROKEN, NO_CASE, 413, NO_ROOM, 415, NO_BYTES, CHECKSUM_WRONG, BUSY, GONE, 503)
_SENT = (*_KEPT, NO_UPLOAD, OFFSET_WRONG, NO_VERSION, UPLOAD_ID_REFUSED)


class CaseNamed(msgspec.Struct, frozen=True):
    """The case that an upload belongs to."""

    case_id: str


@route(
    "/",
    http_method=[HttpMethod.OPTIONS],
    status_code=204,
    summary="Ask what resumable uploads can do",
    responses={**DISCOVERED, **refusals()},
)
async def discover_uploads(request: SignedInRequest) -> Response[None]:
    """The protocol's version and extensions, and the largest upload."""
    return resuming.discover(house_of(request).uploads)


@post(
    "/",
    status_code=201,
    summary="Begin a resumable upload",
    operation_class=Beginning,
    responses={**BEGUN, **refusals(*_KEPT, ROLE_REFUSED, NO_VERSION, METADATA_REFUSED)},
)
async def begin_upload(request: SignedInRequest) -> Response[None]:
    """Begin an upload into one of the caller's cases, or for a case that is named later. Its
    metadata: `filename`, and if wanted `filetype`, `case_id`, `category`, `is_phi`,
    `is_restricted`.
    """
    demand_version(request)
    said = read_creation(request)
    new = _new_upload(said.values, said.length, said.metadata)
    return await resuming.begin(request, house_of(request).uploads, request.auth.actor, new)


@head(
    "/{upload_id:str}",
    summary="Ask how far an upload is",
    operation_class=Versioned,
    responses={**SHOWN, **refusals(400, NO_UPLOAD, NO_VERSION, GONE, BUSY, UPLOAD_ID_REFUSED, 503)},
)
async def show_upload(request: SignedInRequest, upload_id: IdInPath) -> Response[None]:
    """How many bytes have arrived; once all have, the file's id."""
    kit, wanted = house_of(request).uploads, _upload_id(upload_id)
    return await resuming.show(request, kit, request.auth.actor, wanted)


@patch(
    "/{upload_id:str}",
    status_code=204,
    summary="Send the next bytes of an upload",
    operation_class=Proceeding,
    responses={
        **PROCEEDED,
        **refusals(*_SENT),
    },
)
async def proceed_with_upload(request: SignedInRequest, upload_id: IdInPath) -> Response[None]:
    """Send bytes that follow on those that have arrived. After the last one the file is in the
    case, and `Upload-File-Id` is its id.
    """
    kit, wanted = house_of(request).uploads, _upload_id(upload_id)
    return await resuming.proceed(request, kit, request.auth.actor, wanted)


@delete(
    "/{upload_id:str}",
    status_code=204,
    summary="Give an upload up",
    operation_class=Versioned,
    responses={**ENDED, **refusals(400, NO_UPLOAD, NO_VERSION, GONE, UPLOAD_ID_REFUSED)},
)
async def end_upload(request: SignedInRequest, upload_id: IdInPath) -> Response[None]:
    """Give an unfinished upload up; what has arrived is removed."""
    kit, wanted = house_of(request).uploads, _upload_id(upload_id)
    return await resuming.end(request, kit, request.auth.actor, wanted)


@post(
    "/{upload_id:str}",
    status_code=204,
    summary="Send another method as POST",
    operation_class=Overriding,
    responses={
        **OVERRIDDEN,
        **refusals(*_SENT, NO_METHOD),
    },
)
async def override_method(request: SignedInRequest, upload_id: IdInPath) -> Response[None]:
    """For clients that can send neither PATCH nor DELETE."""
    kit, wanted = house_of(request).uploads, _upload_id(upload_id)
    return await resuming.by_another_name(request, kit, request.auth.actor, wanted)


@post(
    "/{upload_id:str}/case",
    status_code=204,
    summary="Name the case of an upload",
    operation_class=Versioned,
    responses={
        **CASE_NAMED,
        **refusals(
            *_KEPT, HAS_CASE, ROLE_REFUSED, NO_UPLOAD, NO_VERSION, UPLOAD_ID_REFUSED, BODY_NO_JSON
        ),
    },
)
async def name_case(
    request: SignedInRequest, upload_id: IdInPath, data: JSONBody[CaseNamed]
) -> Response[None]:
    """Put an upload that was begun without a case into one. If all bytes have arrived, the file is
    there then, and `Upload-File-Id` is its id.
    """
    demand_version(request)
    case = read_case_ref(data.case_id, "body")
    kit, wanted = house_of(request).uploads, _upload_id(upload_id)
    upload = await claim_upload(kit, request.auth.actor, wanted, case)
    return answer(204, progress(upload))


def _new_upload(values: Mapping[str, str], length: int | None, metadata: str) -> NewUpload:
    """Raises FieldsNotValid, with every problem at once."""
    form = Form(dict(values))
    case_id, category = form.optional("case_id"), form.optional("category") or Category.LAB
    if category not in {*Category}:
        form.problem("category", "Input should be lab or radiology", category)
        category = Category.LAB
    is_phi = form.yes_or_no("is_phi", default=True)
    is_restricted = form.yes_or_no("is_restricted", default=False)
    form.demand_valid()
    return NewUpload(
        form.optional("filename") or "",
        None,  # browsers guess it from the name; what the content is decides
        None if case_id is None else read_case_ref(case_id, "body"),
        Category(category),
        is_phi,
        is_restricted,
        length,
        metadata,
    )


def _upload_id(text: str) -> UploadId:
    return UploadId(read_uuid(text, "upload_id", "Input should be a UUID"))


router = Router(
    path=PATH,
    route_handlers=[
        discover_uploads,
        begin_upload,
        show_upload,
        proceed_with_upload,
        end_upload,
        override_method,
        name_case,
    ],
    guards=[require_token],
    security=[BEARER],
    tags=["Resumable uploads"],
)
