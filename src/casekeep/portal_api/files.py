"""The patient's files: list, metadata, signed URL, upload, rename, delete. Translates the portal
contract into the room's use cases and decides nothing.
"""

from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, patch
from litestar.params import JSONBody, PathParameter, QueryParameter

from casekeep.files.finding import find_file
from casekeep.files.links import LIFE
from casekeep.files.listing import list_patient_files
from casekeep.files.removal import remove_file
from casekeep.files.renaming import rename_file
from casekeep.kernel.ids import CaseId, FileId

from .attachments import (
    AttachmentAnswer,
    AttachmentsAnswer,
    SignedUrl,
    SignedUrlAnswer,
    attachment,
    attachments,
)
from .envelope import Told, answer
from .errors import NO_CASE, NO_FILE, NOT_PROVEN, NOT_VALID, TOO_LARGE
from .openapi import KEY_AND_TOKEN, refusals
from .proof import PatientRequest, house_of, require_patient
from .reading import MOST_ROWS, read_kind, read_limit, read_uuid
from .signed_urls import signed_url
from .uploads import upload

_LARGEST_BODY = 16_384

_PathId = Annotated[str, PathParameter(schema_extra={"format": "uuid"})]
_CaseId = Annotated[
    str | None,
    QueryParameter(
        name="caseId",
        description="Only the files of this case of the patient's own.",
        schema_extra={"one_of": None, "type": "string", "format": "uuid"},
    ),
]
_Kind = Annotated[
    str | None,
    QueryParameter(
        name="type",
        description="Only protected health information, or only other files.",
        schema_extra={"one_of": None, "type": "string", "enum": ["phi", "general"]},
    ),
]
_Limit = Annotated[
    str | None,
    QueryParameter(
        description="Asks for pages of at most this many files.",
        schema_extra={"one_of": None, "type": "integer", "minimum": 1, "maximum": MOST_ROWS},
    ),
]
_After = Annotated[
    str | None,
    QueryParameter(
        description="The `endCursor` of the page before.",
        schema_extra={"one_of": None, "type": "string"},
    ),
]


class Rename(msgspec.Struct, frozen=True, rename="camel"):
    """The new label."""

    file_name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


@get("/", responses=refusals(NOT_VALID, NOT_PROVEN, NO_CASE))
async def list_files(
    request: PatientRequest,
    case_id: _CaseId = None,
    kind: _Kind = None,
    limit: _Limit = None,
    after: _After = None,
) -> Response[AttachmentsAnswer]:
    """List the patient's files, newest first."""
    house = house_of(request)
    page = await list_patient_files(
        house.db,
        house.audit,
        request.user,
        case_id=None if case_id is None else CaseId(read_uuid(case_id)),
        phi=read_kind(kind),
        limit=read_limit(limit),
        after=after,
    )
    paged = limit is not None or after is not None
    return answer(AttachmentsAnswer(200, success=True, data=attachments(page, paged=paged)))


@get("/{file_id:str}/metadata", responses=refusals(NOT_VALID, NOT_PROVEN, NO_FILE))
async def get_file(request: PatientRequest, file_id: _PathId) -> Response[AttachmentAnswer]:
    """Tell about one file."""
    house = house_of(request)
    file = await find_file(house.db, house.audit, request.user, FileId(read_uuid(file_id)))
    return answer(AttachmentAnswer(200, success=True, data=attachment(file)))


@get("/{file_id:str}/download", responses=refusals(NOT_VALID, NOT_PROVEN, NO_FILE))
async def sign_download(request: PatientRequest, file_id: _PathId) -> Response[SignedUrlAnswer]:
    """Give a URL that hands out the bytes for fifteen minutes without any header."""
    house = house_of(request)
    file = await find_file(house.db, house.audit, request.user, FileId(read_uuid(file_id)))
    url = signed_url(request, house.links.sign(request.user, file.id))
    return answer(SignedUrlAnswer(200, success=True, data=SignedUrl(url, file.name, LIFE)))


@patch("/{file_id:str}/metadata", responses=refusals(NOT_VALID, NOT_PROVEN, NO_FILE, TOO_LARGE))
async def change_file(
    request: PatientRequest, file_id: _PathId, data: JSONBody[Rename]
) -> Response[AttachmentAnswer]:
    """Rename a file that the patient uploaded."""
    house = house_of(request)
    file = await rename_file(
        house.db, house.audit, request.user, FileId(read_uuid(file_id)), data.file_name
    )
    return answer(AttachmentAnswer(200, success=True, data=attachment(file)))


@delete("/{file_id:str}", status_code=200, responses=refusals(NOT_VALID, NOT_PROVEN, NO_FILE))
async def delete_file(request: PatientRequest, file_id: _PathId) -> Response[Told]:
    """Delete a file that the patient uploaded."""
    house = house_of(request)
    await remove_file(house.db, house.audit, request.user, FileId(read_uuid(file_id)))
    return answer(Told(200, success=True, message="File deleted successfully"))


def file_router(largest_upload: int) -> Router:
    """The six file calls. `largest_upload`: bytes that the body of an upload may have."""
    return Router(
        "/api/v1/users/me/files",
        route_handlers=[
            list_files,
            get_file,
            sign_download,
            change_file,
            delete_file,
            Router("/", route_handlers=[upload], request_max_body_size=largest_upload),
        ],
        guards=[require_patient],
        security=[KEY_AND_TOKEN],
        tags=["Files"],
        request_max_body_size=_LARGEST_BODY,
    )
