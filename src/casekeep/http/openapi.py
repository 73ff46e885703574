"""Makes an edge's OpenAPI document from its handlers, once, when the edge is built. What an edge
says of itself, and of its refusals, is its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import (
    Components,
    License,
    Operation,
    Parameter,
    Schema,
    SecurityScheme,
    Tag,
)
from litestar.openapi.spec.enums import OpenAPIType
from litestar.types import ControllerRouterHandler, OperationIDCreator

from .describing import Wording, complete
from .digests import CONTENT_DIGEST, REPR_DIGEST, digest_field

_LICENSE = License(name="Apache License 2.0", identifier="Apache-2.0")
_DIGEST_OF_NOTHING = digest_field(sha256().digest())
_OF_WHAT = {
    CONTENT_DIGEST: "SHA-256 of the body as it is sent (RFC 9530); another body is refused.",
    REPR_DIGEST: "SHA-256 of the one file that is sent (RFC 9530); another file is refused.",
}


def describe_digests(operation: Operation, *fields: str) -> None:
    """Say that a call takes these digest fields."""
    described = [
        Parameter(
            name=field,
            param_in="header",
            required=False,
            schema=Schema(type=OpenAPIType.STRING),
            description=_OF_WHAT[field],
            example=_DIGEST_OF_NOTHING,
        )
        for field in fields
    ]
    operation.parameters = [*(operation.parameters or ()), *described]


@dataclass
class CheckedUpload(Operation):
    """A call that takes one file, and the digests of the body and of the file."""

    def __post_init__(self) -> None:
        describe_digests(self, CONTENT_DIGEST, REPR_DIGEST)


@dataclass
class CheckedBody(Operation):
    """A call that takes files inside a body, and the digest of the body."""

    def __post_init__(self) -> None:
        describe_digests(self, CONTENT_DIGEST)


def made_document(
    handlers: Sequence[ControllerRouterHandler],
    *,
    title: str,
    description: str,
    tags: Mapping[str, str],
    schemes: Mapping[str, SecurityScheme],
    operation_id: OperationIDCreator,
    wording: Wording,
) -> dict[str, Any]:
    """The document of `handlers` (OpenAPI 3.1). `tags`: what its chapters are about; `schemes`:
    the proofs it may ask for; `wording`: what its names mean.
    """
    described = Litestar(
        list(handlers),
        openapi_config=OpenAPIConfig(
            title=title,
            version="1",
            description=description,
            license=_LICENSE,
            tags=[Tag(name=name, description=text) for name, text in tags.items()],
            components=Components(security_schemes=dict(schemes)),
            use_handler_docstrings=True,
            operation_id_creator=operation_id,
        ),
        logging_config=None,
    )
    return complete(described.openapi_schema.to_schema(), wording)


def as_json(document: Mapping[str, Any]) -> bytes:
    """A document for people and programs: indented, in its own order."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
