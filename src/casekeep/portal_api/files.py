"""The calls about one file: metadata, signed URL, rename, delete. They put the portal contract into
the room's use cases and decide nothing.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, patch
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody, PathParameter
from litestar.types import Middleware

from casekeep.files.finding import find_file
from casekeep.files.linking import link_file
from casekeep.files.links import LIFE
from casekeep.files.removal import remove_file
from casekeep.files.renaming import rename_file
from casekeep.http.connections import house_of
from casekeep.kernel.ids import FileId

from .attachments import (
    AttachmentAnswer,
    FileName,
    SignedUrl,
    SignedUrlAnswer,
    attachment,
)
from .envelope import Told, answer
from .errors import HELD, NO_FILE, NOT_PROVEN, NOT_VALID, TOO_LARGE
from .openapi import KEY_AND_TOKEN, refusals
from .proof import PatientRequest, require_patient
from .reading import read_uuid
from .signed_urls import signed_url
from .uploads import upload

_LARGEST_BODY = 16_384

_PathId = Annotated[str, PathParameter(schema_extra={"format": "uuid"})]


class Rename(msgspec.Struct, frozen=True, rename="camel"):
    """The new label."""

    file_name: FileName


@get(
    "/{file_id:str}/metadata",
    responses=refusals(NOT_VALID, NOT_PROVEN, NO_FILE),
    summary="Get a file's metadata",
    response_description="The file",
)
async def get_file(request: PatientRequest, file_id: _PathId) -> Response[AttachmentAnswer]:
    """Tell about one file."""
    house = house_of(request)
    file = await find_file(house.db, house.audit, request.user, FileId(read_uuid(file_id)))
    return answer(AttachmentAnswer(200, success=True, data=attachment(file)))


@get(
    "/{file_id:str}/download",
    responses=refusals(NOT_VALID, NOT_PROVEN, NO_FILE),
    summary="Get a download link",
    response_description="The link",
)
async def sign_download(request: PatientRequest, file_id: _PathId) -> Response[SignedUrlAnswer]:
    """Give a URL that hands out the bytes for fifteen minutes without any header."""
    house = house_of(request)
    wanted = FileId(read_uuid(file_id))
    token, file = await link_file(house.db, house.audit, house.links, request.user, wanted)
    url = signed_url(request, token)
    return answer(SignedUrlAnswer(200, success=True, data=SignedUrl(url, file.name, LIFE)))


@patch(
    "/{file_id:str}/metadata",
    responses=refusals(NOT_VALID, NOT_PROVEN, NO_FILE, TOO_LARGE),
    summary="Rename a file",
    response_description="The file under its new name",
)
async def change_file(
    request: PatientRequest, file_id: _PathId, data: JSONBody[Rename]
) -> Response[AttachmentAnswer]:
    """Rename a file that the patient uploaded."""
    house = house_of(request)
    file = await rename_file(
        house.db, house.audit, request.user, FileId(read_uuid(file_id)), data.file_name
    )
    return answer(AttachmentAnswer(200, success=True, data=attachment(file)))


@delete(
    "/{file_id:str}",
    status_code=200,
    responses=refusals(NOT_VALID, NOT_PROVEN, NO_FILE, HELD),
    summary="Delete a file",
    response_description="The file was deleted",
)
async def delete_file(request: PatientRequest, file_id: _PathId) -> Response[Told]:
    """Delete a file that the patient uploaded."""
    house = house_of(request)
    await remove_file(house.db, house.audit, request.user, FileId(read_uuid(file_id)))
    return answer(Told(200, success=True, message="File deleted successfully"))


def file_router(
    listing: BaseRouteHandler, largest_upload: int, around_uploads: Sequence[Middleware] = ()
) -> Router:
    """The six file calls. `listing`: the list, as it is served or as it is described;
    `largest_upload`: bytes that the body of an upload may have; `around_uploads`: what bounds
    how many are held at a time.
    """
    about_files = Router(
        "/",
        route_handlers=[
            get_file,
            sign_download,
            change_file,
            delete_file,
            Router(
                "/",
                route_handlers=[upload],
                request_max_body_size=largest_upload,
                middleware=around_uploads,
            ),
        ],
        guards=[require_patient],
    )
    return Router(
        "/api/v1/users/me/files",
        route_handlers=[listing, about_files],
        security=[KEY_AND_TOKEN],
        tags=["Files"],
        request_max_body_size=_LARGEST_BODY,
    )
