"""The portal contract as an application of its own: everything under `/api/v1`, and every answer
there, refusals too, in its envelope.
"""

from functools import cache
from typing import Any

from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType

from casekeep.http.budget import BodyBudget
from casekeep.http.house import House
from casekeep.http.json_bodies import JsonRequest
from casekeep.http.openapi import as_json

from . import auth, signed_urls
from .errors import HANDLERS
from .files import file_router
from .listing import described_list, served_list
from .openapi import document
from .uploads import largest_upload

_OTHERS = (auth.router, signed_urls.router)
UPLOADS_IN_MEMORY = 128 * 1024 * 1024
"""Bytes of upload bodies that one server process holds, all together."""
PATIENCE = 5.0
"""Seconds that an upload waits for room."""


@cache
def openapi() -> dict[str, Any]:
    """The contract's OpenAPI document; it takes no house to make."""
    return document([*_OTHERS, file_router(described_list, largest_upload=0)])


def build_app(house: House) -> Litestar:
    """The application over an assembled house; it needs no startup event."""
    limit = largest_upload(house.limits)
    described = as_json(openapi())
    budget = BodyBudget(max(UPLOADS_IN_MEMORY, limit), patience=PATIENCE)

    @get("/api/v1/openapi.json", media_type=MediaType.JSON)
    async def openapi_document() -> Response[bytes]:
        """This document."""
        return Response(described, media_type=MediaType.JSON)

    return Litestar(
        [*_OTHERS, file_router(served_list, limit, [budget.around(limit)]), openapi_document],
        state=State({"house": house}),
        request_class=JsonRequest,
        exception_handlers=HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
