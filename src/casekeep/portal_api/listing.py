"""`GET /users/me/files`, the page this contract started from and the busiest call of all: served as
plain ASGI, since the framework's handling of a request costs as much as the list itself. What it
reads and answers is described by a handler beside it, and a test holds the two together.
"""

from typing import Annotated

import msgspec
from litestar import asgi, get
from litestar.connection import ASGIConnection
from litestar.exceptions import MethodNotAllowedException
from litestar.params import QueryParameter
from litestar.types import Receive, Scope, Send

from casekeep.files.listing import list_patient_files
from casekeep.http.connections import Connection, house_of

from .attachments import AttachmentsAnswer, attachments
from .errors import NO_CASE, NOT_PROVEN, NOT_VALID
from .openapi import refusals
from .proof import prove_patient
from .reading import MOST_ROWS, read_list_query

_ENCODER = msgspec.json.Encoder()

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


@get(
    "/",
    name="list_files",
    responses=refusals(NOT_VALID, NOT_PROVEN, NO_CASE),
    summary="List files",
    response_description="The files",
)
async def described_list(
    case_id: _CaseId = None, kind: _Kind = None, limit: _Limit = None, after: _After = None
) -> AttachmentsAnswer:
    """List the patient's files, newest first."""
    del case_id, kind, limit, after
    raise AssertionError("this describes the call; `served_list` answers it")


@asgi("/", copy_scope=False)
async def served_list(scope: Scope, receive: Receive, send: Send) -> None:
    """List the patient's files, newest first: proof, query, one round trip, answer."""
    if scope["type"] != "http" or scope["method"] != "GET":
        raise MethodNotAllowedException(headers={"allow": "GET"})
    connection: Connection = ASGIConnection(scope, receive, send)
    _, patient = await prove_patient(connection)
    query = read_list_query(scope["query_string"])
    house = house_of(connection)
    page = await list_patient_files(
        house.db,
        house.audit,
        patient,
        case_id=query.case_id,
        phi=query.phi,
        limit=query.limit,
        after=query.after,
    )
    listed = attachments(page, paged=query.is_paged)
    body = _ENCODER.encode(AttachmentsAnswer(200, success=True, data=listed))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
