"""The calls about one file beside its bytes, the trash, and a patient's general documents."""

from typing import Annotated

import msgspec
from litestar import get, patch, post
from litestar.params import FromQuery, JSONBody

from casekeep.files import restoring
from casekeep.files.arranging import change_file
from casekeep.files.documents import list_documents
from casekeep.files.finding import find_file
from casekeep.files.model import Category, FileChange
from casekeep.files.names import LONGEST
from casekeep.http.connections import house_of

from .openapi import MOVE_HELD, WithoutBadRequest, refusals
from .proof import SignedInRequest, demand_same_user
from .wire import (
    CaseInPath,
    FileAdded,
    FileOnly,
    FilesOut,
    IdInPath,
    TrashOut,
    case_out,
    file_out,
    read_case_ref,
    read_file_id,
)


class FileUpdate(msgspec.Struct, frozen=True):
    """The body of an update; null is the same as nothing. `case_id`: the case that the file moves
    to, by its number or its UUID.
    """

    file_name: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)] | None = None
    category: Category | None = None
    is_phi: bool | None = None
    is_restricted: bool | None = None
    case_id: int | str | None = None
    user_id: str | None = None


@get(
    "/file/{file_id:str}",
    summary="Get a file's entry",
    operation_class=WithoutBadRequest,
    responses=refusals(403, 404, 422),
)
async def get_file(
    request: SignedInRequest, file_id: IdInPath, user_id: FromQuery[str | None] = None
) -> FileOnly:
    """What there is to tell about a file but its bytes."""
    await demand_same_user(request, user_id)
    house, actor = house_of(request), request.auth.actor
    file = await find_file(house.db, house.audit, actor, read_file_id(file_id))
    return FileOnly(file_out(file))


@patch(
    "/file/{file_id:str}",
    summary="Update a file",
    responses=refusals(400, 403, 404, MOVE_HELD, 413, 422),
)
async def update_file(
    request: SignedInRequest, file_id: IdInPath, data: JSONBody[FileUpdate]
) -> FileAdded:
    """Change a file's name, category or marks, or move it to another of the caller's cases. Its
    `file_url` stays. A general document can only be moved, into a case of its patient.
    """
    await demand_same_user(request, data.user_id)
    change = FileChange(
        data.file_name,
        data.category,
        data.is_phi,
        data.is_restricted,
        None if data.case_id is None else read_case_ref(str(data.case_id), "body"),
    )
    house, actor = house_of(request), request.auth.actor
    file = await change_file(house.db, house.audit, actor, read_file_id(file_id), change)
    return FileAdded("File updated successfully", file_out(file))


@post(
    "/file/{file_id:str}/restore",
    status_code=200,
    summary="Restore a file",
    operation_class=WithoutBadRequest,
    responses=refusals(403, 404, 422),
)
async def restore_file(
    request: SignedInRequest, file_id: IdInPath, user_id: FromQuery[str | None] = None
) -> FileOnly:
    """Bring back a deleted file of one of the caller's cases, whoever deleted it."""
    await demand_same_user(request, user_id)
    house, actor = house_of(request), request.auth.actor
    file = await restoring.restore_file(house.db, house.audit, actor, read_file_id(file_id))
    return FileOnly(file_out(file))


@get(
    "/trash",
    summary="List what was deleted",
    operation_class=WithoutBadRequest,
    responses=refusals(403),
)
async def trash(request: SignedInRequest, user_id: FromQuery[str | None] = None) -> TrashOut:
    """The caller's deleted cases, and the deleted files of their other cases: of each the 200 that
    were deleted last, the newest deletion first.
    """
    await demand_same_user(request, user_id)
    house = house_of(request)
    found = await restoring.list_trash(house.db, house.audit, request.auth.actor)
    return TrashOut(
        [case_out(case) for case in found.cases], [file_out(file) for file in found.files]
    )


@get(
    "/documents/{case_id:str}",
    summary="Get a patient's general documents",
    operation_class=WithoutBadRequest,
    responses=refusals(403, 404, 422),
)
async def case_documents(
    request: SignedInRequest, case_id: CaseInPath, user_id: FromQuery[str | None] = None
) -> FilesOut:
    """What the patient of a case sent without naming a case, in the order it came; an update can
    move such a file into a case.
    """
    await demand_same_user(request, user_id)
    house, actor, ref = house_of(request), request.auth.actor, read_case_ref(case_id)
    files = await list_documents(house.db, house.audit, actor, ref)
    return FilesOut([file_out(file) for file in files])
