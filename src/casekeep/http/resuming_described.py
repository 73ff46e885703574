"""What the types of handlers cannot say of tus in an OpenAPI document: its header fields, and the
bytes of a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from .tus import BYTES, VERSION

_NUMBER = Schema(type=OpenAPIType.INTEGER, minimum=0)
_TEXT = Schema(type=OpenAPIType.STRING)
_CONTENT = OpenAPIMediaType(
    Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY), example="%PDF-1.7\n%%EOF\n"
)


def _field(
    name: str,
    meaning: str,
    schema: Schema = _TEXT,
    *,
    required: bool = False,
    example: object = None,
) -> Parameter:
    return Parameter(
        name=name,
        param_in="header",
        description=meaning,
        required=required,
        schema=schema,
        example=example,
    )


def _nothing(description: str) -> ResponseSpec:
    return ResponseSpec(None, generate_examples=False, description=description)


_VERSION = _field(
    "Tus-Resumable",
    "The version of the protocol.",
    Schema(type=OpenAPIType.STRING, const=VERSION),
    required=True,
    example=VERSION,
)
_CHECKSUM = _field(
    "Upload-Checksum",
    "`sha1` or `sha256`, a space, and the digest of the request's bytes in base64.",
    example="sha1 FDD2QYDf8ORrmFvB6+GfoE5rUCM=",
)
_METADATA = _field(
    "Upload-Metadata",
    "Pairs of a key and a value in base64, with commas between them.",
    example="filename cmVwb3J0LnBkZg==,filetype YXBwbGljYXRpb24vcGRm",
)
_LENGTH = _field("Upload-Length", "Bytes of the whole upload.", _NUMBER, example=15)
_DEFERRED = _field(
    "Upload-Defer-Length",
    "`1` while the length is not known; the last `PATCH` brings `Upload-Length`.",
    Schema(type=OpenAPIType.STRING, const="1"),
    example="1",
)
_OFFSET = _field(
    "Upload-Offset", "Where in the upload the bytes belong.", _NUMBER, required=True, example=0
)

_ANY = {
    "Tus-Resumable": "The version of the protocol.",
    "Cache-Control": "`no-store`",
}
_PROGRESS = {
    **_ANY,
    "Upload-Offset": "Bytes that have arrived.",
    "Upload-Expires": "When the upload is given up, if nothing more comes.",
    "Upload-File-Id": "The id of the file, once it is there.",
}
DISCOVERED = {204: _nothing("What the server can do, in its header fields")}
BEGUN = {201: _nothing("The upload has begun; `Location` is its address")}
SHOWN = {200: _nothing("How far the upload is, in its header fields")}
PROCEEDED = {204: _nothing("The bytes are kept; `Upload-Offset` is where the next ones belong")}
CASE_NAMED = {204: _nothing("The upload belongs to the case")}
ENDED = {204: _nothing("The upload is given up, and its bytes are removed")}
OVERRIDDEN = {204: _nothing("Done, as by the method that is meant")}
"""What the calls answer when all is well."""
HEADERS: Mapping[str, Mapping[str, str]] = {
    "discover_uploads.204": {
        **_ANY,
        "Tus-Version": "Versions of the protocol.",
        "Tus-Extension": "Extensions of the protocol.",
        "Tus-Max-Size": "The most bytes that an upload may have.",
        "Tus-Checksum-Algorithm": "By what `Upload-Checksum` may be made.",
    },
    "begin_upload.201": {"Location": "The address of the upload.", **_PROGRESS},
    "show_upload.200": {
        **_PROGRESS,
        "Upload-Length": "Bytes of the whole upload, where that is known.",
        "Upload-Defer-Length": "`1` where it is not.",
        "Upload-Metadata": "As they were said.",
    },
    "proceed_with_upload.204": _PROGRESS,
    "override_method.204": _PROGRESS,
    "name_case.204": _PROGRESS,
    "end_upload.204": _ANY,
}
"""What the answers of the calls carry, by operation and status."""


@dataclass
class Versioned(Operation):
    """Any call of the protocol but discovery."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), _VERSION]


@dataclass
class Beginning(Operation):
    """`POST`: a new upload."""

    def __post_init__(self) -> None:
        fields = [_VERSION, _LENGTH, _DEFERRED, _METADATA, _CHECKSUM]
        self.parameters = [*(self.parameters or []), *fields]
        self.request_body = RequestBody(
            {BYTES: _CONTENT}, description="The first bytes, if they come along.", required=False
        )


@dataclass
class Proceeding(Operation):
    """`PATCH`: the next bytes."""

    def __post_init__(self) -> None:
        fields = [_VERSION, _OFFSET, _LENGTH, _CHECKSUM]
        self.parameters = [*(self.parameters or []), *fields]
        self.request_body = RequestBody({BYTES: _CONTENT}, description="The bytes.", required=True)


@dataclass
class Overriding(Operation):
    """`POST` in the place of another method."""

    def __post_init__(self) -> None:
        override = _field(
            "X-HTTP-Method-Override",
            "The method that is meant.",
            Schema(type=OpenAPIType.STRING, enum=["PATCH", "DELETE"]),
            required=True,
            example="PATCH",
        )
        offset = _field("Upload-Offset", _OFFSET.description or "", _NUMBER, example=0)
        self.parameters = [*(self.parameters or []), override, _VERSION, offset, _CHECKSUM]
        self.request_body = RequestBody(
            {BYTES: _CONTENT}, description="The bytes of a `PATCH`.", required=False
        )
