"""The clinician contract's OpenAPI document, and what the types of the handlers cannot say in it:
the multipart forms field by field, the refusals, and what a call wants as proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    Example,
    OpenAPIMediaType,
    Operation,
    RequestBody,
    Schema,
    SecurityRequirement,
    SecurityScheme,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.types import ControllerRouterHandler, Method
from litestar.types.internal_types import PathParameterDefinition

from casekeep.cases.describing import LONGEST_GENDER, LONGEST_NAME, OLDEST
from casekeep.http.digests import CONTENT_DIGEST, REPR_DIGEST
from casekeep.http.openapi import describe_digests, made_document

from .errors import NO_STORAGE, field_problem
from .wire import FilesOut, GrantError, TokensOut
from .wording import TAGS, WORDING

BEARER: SecurityRequirement = {"bearer": []}

_SCHEMES = {
    "bearer": SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="The access token that `POST /auth/v1/token` gave.",
    )
}

_BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_TEXT = Schema(type=OpenAPIType.STRING, min_length=1)
_FILES = Schema(type=OpenAPIType.ARRAY, items=_BINARY)
_USER_ID = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.UUID)


class Refusal(msgspec.Struct, frozen=True):
    """Every refusal but 422."""

    detail: str


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field, and where it stands."""

    type: str
    loc: list[str]
    msg: str
    input: Any


class FieldsRefused(msgspec.Struct, frozen=True):
    """Request validation failed: one entry a field."""

    detail: list[FieldProblem]


_MEANINGS = {
    400: "The request cannot be done, and why",
    401: "Invalid or expired token",
    403: "user_id is not the signed-in user, or the account's role may not do this",
    404: "Case not found, or File, Upload, Webhook, Delivery, Hold or Certificate not found",
    405: "The request stands for no other method",
    409: "Under a legal hold, or the bytes do not follow on those that have arrived",
    410: "The upload is over",
    412: "Another version of the protocol",
    413: "Too large",
    415: "Content of a type that is not accepted",
    422: "A parameter or field is missing or not of its kind",
    423: "Another request has the upload in hand",
    429: "Too many attempts",
    460: "The bytes do not match their checksum",
    500: "Internal server error, with a reference",
    503: "Storage is unavailable; nothing was kept",
}
_NOT_PROVEN = 401
_SHAPES = {422: FieldsRefused}


class Told(NamedTuple):
    """One refusal as it is really told."""

    status: int
    detail: object


ROLE_REFUSED = Told(403, "Your account may not do this")
NO_CASE = Told(404, "Case not found")
NO_FILE = Told(404, "File not found")
FILE_HELD = Told(
    409,
    "This file is under a legal hold placed by Ada Admin on 2026-03-04: litigation 2026/17",
)
CASE_HELD = Told(
    409,
    "This case is under a legal hold placed by Ada Admin on 2026-03-04: litigation 2026/17",
)
MOVE_HELD = Told(
    409,
    "The case of this file is under a legal hold placed by Ada Admin on 2026-03-04: "
    "litigation 2026/17",
)
BODY_TOO_LARGE = Told(413, "Request body too large")
CASE_ID_REFUSED = Told(
    422, [field_problem("path", "case_id", "Input should be a case number or a UUID", "abc")]
)
FILE_ID_REFUSED = Told(422, [field_problem("path", "file_id", "Input should be a UUID", "abc")])
AGE_REFUSED = Told(
    422,
    [field_problem("body", "patient_age", "Input should be a whole number from 0 to 150", "-1")],
)
CATEGORY_REFUSED = Told(
    422, [field_problem("body", "category", "Input should be lab or radiology", "ct")]
)
BODY_NO_JSON = Told(
    422, [field_problem("body", None, "JSON decode error", {}) | {"type": "json_invalid"}]
)
_EXAMPLES = (
    Told(400, "lab_report.pdf: the file is empty"),
    Told(400, "lab_report.pdf: the content is not what its digest says"),
    Told(401, "Invalid or expired token"),
    Told(403, "user_id does not match the signed-in user"),
    ROLE_REFUSED,
    NO_CASE,
    NO_FILE,
    Told(413, "lab_report.pdf: the file is larger than 10 MB"),
    Told(415, "lab_report.pdf: the content is not of an accepted type"),
    CASE_ID_REFUSED,
    Told(429, "Too many requests"),
    Told(500, "Internal server error: 019a3f5e7c2b7d10a4f6c1d2e3b4a596"),
    Told(503, NO_STORAGE),
)


def refusals(*told: int | Told) -> dict[int, ResponseSpec]:
    """What a call may answer besides its success, with examples: of a bare status the usual ones.
    401 and 500 are said of all.
    """
    by_status: dict[int, list[Told]] = {}
    for each in (*told, _NOT_PROVEN, 500):
        usual = [one for one in _EXAMPLES if one.status == each]
        status, examples = (each.status, [each]) if isinstance(each, Told) else (each, usual)
        by_status.setdefault(status, []).extend(examples)
    return {status: _refused(status, by_status[status]) for status in sorted(by_status)}


def _refused(status: int, told: list[Told]) -> ResponseSpec:
    return ResponseSpec(
        _SHAPES.get(status, Refusal),
        generate_examples=False,
        description=_MEANINGS[status],
        examples=[_example(each) for each in told],
    )


def _example(told: Told) -> Example:
    summary = told.detail if isinstance(told.detail, str) else _MEANINGS[told.status]
    return Example(summary=summary, value={"detail": told.detail})


def _bytes(description: str, media_type: str = "*/*") -> ResponseSpec:
    """Bytes; of any type, which is the file's own, unless it is said."""
    return ResponseSpec(
        bytes, generate_examples=False, description=description, media_type=media_type
    )


def _nothing(description: str) -> ResponseSpec:
    return ResponseSpec(None, generate_examples=False, description=description)


LISTED: dict[int, ResponseSpec] = {
    200: ResponseSpec(FilesOut, generate_examples=False, description="The files of the case"),
    304: _nothing("The list is the one that the client has"),
    412: _nothing("The list is not the one that the client has"),
    **refusals(403, NO_CASE, CASE_ID_REFUSED),
}
"""What the list of a case's files may answer."""

DOWNLOADED: dict[int, ResponseSpec] = {
    200: _bytes("The bytes"),
    206: _bytes("The range that was asked for"),
    304: _nothing("The file is the one that the client has"),
    412: _nothing("The file is not the one that the client has"),
    416: _nothing("No such range"),
    **refusals(NO_FILE, 503),
}
"""What a `file_url` may answer."""

EXPORTED: dict[int, ResponseSpec] = {
    200: _bytes("The case as a ZIP", "application/zip"),
    **refusals(403, NO_CASE, CASE_ID_REFUSED),
}
"""What the export of a case may answer."""

GRANTED: dict[int, ResponseSpec] = {
    200: ResponseSpec(TokensOut, generate_examples=False, description="Signed in"),
    400: ResponseSpec(GrantError, generate_examples=False, description="Not signed in, and why"),
    **{
        status: each
        for status, each in refusals(BODY_TOO_LARGE, BODY_NO_JSON, 429).items()
        if status != _NOT_PROVEN
    },
}
"""What sign-in may answer."""


def document(handlers: Sequence[ControllerRouterHandler]) -> dict[str, Any]:
    """The document of `handlers`."""
    return made_document(
        handlers,
        title="Casekeep clinician API",
        description="Cases and their files, for clinicians' software.",
        tags=TAGS,
        schemes=_SCHEMES,
        operation_id=_operation_id,
        wording=WORDING,
    )


def _operation_id(
    handler: HTTPRouteHandler, method: Method, path: list[str | PathParameterDefinition]
) -> str:
    """What generated clients call the operation: `case_files`, `head_download_lab_files`."""
    name = handler.handler_name if len(handler.paths) == 1 else f"{handler.handler_name}_{path[0]}"
    return name if method != "HEAD" else f"head_{name}"


def _form(required: list[str], properties: dict[str, Schema]) -> RequestBody:
    schema = Schema(type=OpenAPIType.OBJECT, required=required, properties=dict(properties))
    return RequestBody(required=True, content={"multipart/form-data": OpenAPIMediaType(schema)})


@dataclass
class WithoutBadRequest(Operation):
    """The framework says 400 of whatever has a parameter; of a call of this class nothing leads
    to it.
    """

    def __post_init__(self) -> None:
        self.responses = {
            status: each for status, each in (self.responses or {}).items() if status != "400"
        }


@dataclass
class CreateCaseOperation(Operation):
    """`POST /cases/create_case`: the form of a new case."""

    def __post_init__(self) -> None:
        describe_digests(self, CONTENT_DIGEST)
        self.request_body = _form(
            ["patient_name", "patient_age", "patient_gender"],
            {
                "patient_name": Schema(
                    type=OpenAPIType.STRING, min_length=1, max_length=LONGEST_NAME
                ),
                "patient_age": Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=OLDEST),
                "patient_gender": Schema(
                    type=OpenAPIType.STRING, min_length=1, max_length=LONGEST_GENDER
                ),
                "case_summary": _TEXT,
                "user_id": _USER_ID,
                "patient_email": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.EMAIL),
                "patient_phone": _TEXT,
                "lab_files": _FILES,
                "radiology_files": _FILES,
            },
        )


@dataclass
class UploadOperation(Operation):
    """`POST /cases/upload`: one file and where it belongs."""

    def __post_init__(self) -> None:
        describe_digests(self, CONTENT_DIGEST, REPR_DIGEST)
        self.request_body = _form(
            ["case_id", "file"],
            {
                "case_id": _TEXT,
                "file": _BINARY,
                "user_id": _USER_ID,
                "category": Schema(
                    type=OpenAPIType.STRING, enum=["lab", "radiology"], default="lab"
                ),
                "is_phi": Schema(type=OpenAPIType.BOOLEAN, default=True),
                "is_restricted": Schema(type=OpenAPIType.BOOLEAN, default=False),
            },
        )
