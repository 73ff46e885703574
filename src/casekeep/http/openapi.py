"""Makes an edge's OpenAPI document from its handlers, once, when the edge is built. What an edge
says of itself, and of its refusals, is its own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme, Tag
from litestar.types import ControllerRouterHandler, OperationIDCreator

from .describing import Wording, complete

_LICENSE = License(name="Apache License 2.0", identifier="Apache-2.0")


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
