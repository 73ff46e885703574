"""The files of a case: list, add, remove, and the bytes behind a `file_url`."""

from hashlib import blake2b

import msgspec
from litestar import Response, Router, delete, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromQuery
from litestar.types import ASGIApp, Receive, Scope, Send

from casekeep.files.listing import list_case_files
from casekeep.files.model import Category
from casekeep.files.opening import open_by_url_path
from casekeep.files.removal import remove_file
from casekeep.http.conditions import Verdict, judge
from casekeep.http.connections import field_values, house_of
from casekeep.http.digests import REPR_DIGEST, sha256_in
from casekeep.http.downloads import send_file
from casekeep.kernel.errors import DigestMismatch

from .errors import FieldsNotValid, field_problem
from .file_changes import case_documents, get_file, restore_file, trash, update_file
from .forms import Form, read_form
from .openapi import (
    BEARER,
    CATEGORY_REFUSED,
    DOWNLOADED,
    FILE_HELD,
    FILE_ID_REFUSED,
    LISTED,
    NO_CASE,
    NO_FILE,
    UploadOperation,
    WithoutBadRequest,
    refusals,
)
from .proof import SignedInRequest, demand_same_user, require_token
from .wire import (
    CaseInPath,
    FileAdded,
    FilesOut,
    IdInPath,
    Message,
    file_out,
    read_case_ref,
    read_file_id,
)

_encode = msgspec.json.Encoder().encode


@get(
    "/files/{case_id:str}",
    summary="Get case files",
    operation_class=WithoutBadRequest,
    responses=LISTED,
)
async def case_files(
    request: SignedInRequest, case_id: CaseInPath, user_id: FromQuery[str | None] = None
) -> Response[bytes]:
    """The files of a case in the order they were uploaded; an empty list if there are none."""
    await demand_same_user(request, user_id)
    house, actor = house_of(request), request.auth.actor
    files = await list_case_files(house.db, house.audit, actor, read_case_ref(case_id))
    body = _encode(FilesOut([file_out(file) for file in files]))
    tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    verdict = judge(request.headers, tag)
    if verdict is not Verdict.PROCEED:
        return Response(b"", status_code=verdict.value, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@post(
    "/upload",
    summary="Add a file to a case",
    operation_class=UploadOperation,
    response_description="The file, as it was kept",
    responses=refusals(400, 403, NO_CASE, 413, 415, CATEGORY_REFUSED, 503),
)
async def upload(request: SignedInRequest) -> FileAdded:
    """Add one file to one of the caller's cases; its type is what its content is."""
    house, form = house_of(request), Form()
    said, received = sha256_in(field_values(request, b"repr-digest"), REPR_DIGEST), 0
    async with house.receiving.batch(request.auth.actor) as batch:
        async for part in read_form(request, form, {"file"}):
            received += 1
            if received > 1:
                raise FieldsNotValid(field_problem("body", "file", "Send one file at a time", ""))
            await batch.receive(
                part.filename or "", part.chunks, _category(form), sha256=_agreed(said, part.sha256)
            )
        await demand_same_user(request, form.optional("user_id"))
        case_id = form.text("case_id")
        is_phi = form.yes_or_no("is_phi", default=True)
        is_restricted = form.yes_or_no("is_restricted", default=False)
        if not received and not form.fields.get("file"):
            form.problem("file", "Field required")
        form.demand_valid()
        (file,) = await batch.keep_in_case(
            read_case_ref(case_id, "body"),
            category=_category(form) or Category.LAB,
            is_phi=is_phi,
            is_restricted=is_restricted,
        )
    return FileAdded("File uploaded successfully", file_out(file))


def _agreed(of_request: bytes | None, of_part: bytes | None) -> bytes | None:
    """What the one file's bytes are said to hash to, with the request or its part. Raises
    DigestMismatch for two answers.
    """
    if None not in (of_request, of_part) and of_request != of_part:
        raise DigestMismatch("Repr-Digest is not the digest that came with the file")
    return of_part or of_request


def _category(form: Form) -> Category | None:
    text = form.optional("category")
    if text is None:
        return None
    try:
        return Category(text)
    except ValueError:
        problem = field_problem("body", "category", "Input should be lab or radiology", text)
        raise FieldsNotValid(problem) from None


@delete(
    "/file/{file_id:str}",
    status_code=200,
    summary="Delete a file",
    operation_class=WithoutBadRequest,
    response_description="The file was taken away",
    responses=refusals(403, NO_FILE, FILE_HELD, FILE_ID_REFUSED),
)
async def delete_file(
    request: SignedInRequest,
    file_id: IdInPath,
    case_id: FromQuery[str | None] = None,
    user_id: FromQuery[str | None] = None,
) -> Message:
    """Take a file away; its row and bytes stay until they are purged."""
    await demand_same_user(request, user_id)
    file = read_file_id(file_id)
    case = read_case_ref(case_id, "query") if case_id is not None else None
    house = house_of(request)
    await remove_file(house.db, house.audit, request.auth.actor, file, case)
    return Message("File deleted successfully")


@route(
    [
        "/lab_files/{case_id:str}/{name:str}",
        "/radiology_files/{case_id:str}/{name:str}",
        "/files/{case_id:str}/{name:str}",
        "/documents/{file_id:str}",
    ],
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    guards=[require_token],
    security=[BEARER],
    operation_class=WithoutBadRequest,
    responses=DOWNLOADED,
    tags=["Files"],
    summary="Download a file",
)
async def download(request: SignedInRequest) -> ASGIApp:
    """The bytes of a `file_url`, with ranges and conditional requests; never without a token."""
    path: str = request.scope["path"]
    url_path = path if path.startswith("/files/") else path.removeprefix("/")
    house, actor = house_of(request), request.auth.actor
    opened = await open_by_url_path(house.db, house.audit, house.blobs, actor, url_path)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send_file(scope, receive, send, opened.file, opened.read)

    return answer


router = Router(
    path="/cases",
    route_handlers=[
        case_files,
        upload,
        get_file,
        update_file,
        delete_file,
        restore_file,
        trash,
        case_documents,
    ],
    guards=[require_token],
    security=[BEARER],
    tags=["Files"],
)
