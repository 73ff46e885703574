"""The files of a case: list, add, remove, and the bytes behind a `file_url`."""

from hashlib import blake2b
from typing import Any

import msgspec
from litestar import Request, Response, Router, delete, get, post, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ASGIApp, Receive, Scope, Send

from casekeep.files.listing import list_case_files
from casekeep.files.model import Category
from casekeep.files.opening import open_by_url_path
from casekeep.files.removal import remove_file
from casekeep.http.downloads import send_file
from casekeep.http.house import House
from casekeep.identity.gate import SignedIn
from casekeep.kernel.errors import FileNotVisible
from casekeep.kernel.ids import FileId

from .auth import demand_same_user
from .errors import FieldsNotValid, field_problem
from .forms import Form, read_form
from .openapi import UploadOperation
from .wire import FileAdded, FilesOut, Message, file_out, read_case_ref, read_uuid

_encode = msgspec.json.Encoder().encode


@get("/files/{case_id:str}", summary="Get case files")
async def case_files(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[SignedIn],
    case_id: FromPath[str],
) -> Response[bytes]:
    """The files of a case in the order they were uploaded; an empty list if there are none."""
    files = await list_case_files(house.db, house.audit, caller.actor, read_case_ref(case_id))
    body = _encode(FilesOut([file_out(file) for file in files]))
    tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@post("/upload", summary="Add a file to a case", operation_class=UploadOperation)
async def upload(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[SignedIn],
) -> FileAdded:
    """Add one file to one of the caller's cases; its type is what its content is."""
    form = Form()
    received = 0
    async with house.receiving.batch(caller.actor) as batch:
        async for part in read_form(request, form, house.idle_timeout):
            if part.name != "file":
                continue
            received += 1
            if received > 1:
                raise FieldsNotValid(field_problem("body", "file", "Send one file at a time", 2))
            await batch.receive(part.filename or "", part.chunks, _category(form))
        demand_same_user(caller, form.optional("user_id"))
        if not received:
            raise FieldsNotValid(field_problem("body", "file", "Field required"))
        (file,) = await batch.keep_in_case(
            read_case_ref(form.text("case_id"), "body"),
            category=_category(form) or Category.LAB,
            is_phi=form.yes_or_no("is_phi", default=True),
            is_restricted=form.yes_or_no("is_restricted", default=False),
        )
    return FileAdded("File uploaded successfully", file_out(file))


def _category(form: Form) -> Category | None:
    text = form.optional("category")
    if text is None:
        return None
    try:
        return Category(text)
    except ValueError:
        problem = field_problem("body", "category", "Input should be lab or radiology", text)
        raise FieldsNotValid(problem) from None


@delete("/file/{file_id:str}", status_code=200, summary="Delete a file")
async def delete_file(
    house: NamedDependency[House],
    caller: NamedDependency[SignedIn],
    file_id: FromPath[str],
    case_id: FromQuery[str | None] = None,
    user_id: FromQuery[str | None] = None,
) -> Message:
    """Take a file away; its row and bytes stay until they are purged."""
    demand_same_user(caller, user_id)
    file = FileId(read_uuid(file_id, "file_id", "Input should be a UUID"))
    case = read_case_ref(case_id, "query") if case_id is not None else None
    await remove_file(house.db, house.audit, caller.actor, file, case)
    return Message("File deleted successfully")


@route(
    [
        "/lab_files/{case_id:str}/{name:str}",
        "/radiology_files/{case_id:str}/{name:str}",
        "/files/{case_id:str}/{name:str}",
    ],
    http_method=["GET", "HEAD"],
    summary="Download a file",
)
async def download(
    request: Request[Any, Any, State],
    house: NamedDependency[House],
    caller: NamedDependency[SignedIn],
) -> ASGIApp:
    """The bytes of a `file_url`, with ranges and conditional requests; never without a token."""
    path: str = request.scope["path"]
    url_path = path if path.startswith("/files/") else path.removeprefix("/")
    if not _printable(url_path):
        raise FileNotVisible
    file = await open_by_url_path(house.db, house.audit, house.blobs, caller.actor, url_path)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send_file(scope, receive, send, file)

    return answer


def _printable(url_path: str) -> bool:
    return url_path.isprintable()


router = Router(path="/cases", route_handlers=[case_files, upload, delete_file], tags=["Files"])
