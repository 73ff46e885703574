"""Makes an edge's OpenAPI document from its handlers, once, when the edge is built. What an edge
says of itself, and of its refusals, is its own.
"""

from collections.abc import Mapping, Sequence

import msgspec
from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler, OperationIDCreator


def made_document(
    handlers: Sequence[ControllerRouterHandler],
    *,
    title: str,
    description: str,
    schemes: Mapping[str, SecurityScheme],
    operation_id: OperationIDCreator,
) -> bytes:
    """The document of `handlers`, as JSON (OpenAPI 3.1). `schemes`: the proofs it may ask for."""
    described = Litestar(
        list(handlers),
        openapi_config=OpenAPIConfig(
            title=title,
            version="1",
            description=description,
            components=Components(security_schemes=dict(schemes)),
            use_handler_docstrings=True,
            operation_id_creator=operation_id,
        ),
        logging_config=None,
    )
    return msgspec.json.encode(described.openapi_schema.to_schema())
