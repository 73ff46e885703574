"""What the types of handlers cannot say of tus in an OpenAPI document: its header fields, and the
bytes of a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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
_CONTENT = OpenAPIMediaType(Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))


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
    example="sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
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
        offset = _field("Upload-Offset", _OFFSET.description or "", _NUMBER)
        self.parameters = [*(self.parameters or []), override, _VERSION, offset, _CHECKSUM]
        self.request_body = RequestBody(
            {BYTES: _CONTENT}, description="The bytes of a `PATCH`.", required=False
        )
