"""The portal contract as an application of its own: everything under `/api/v1`, and every answer
there, refusals too, in its envelope.
"""

from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType

from casekeep.http.house import House
from casekeep.http.json_bodies import JsonRequest

from . import auth, signed_urls
from .errors import HANDLERS
from .files import file_router
from .listing import described_list, served_list
from .openapi import document
from .uploads import largest_upload


def build_app(house: House) -> Litestar:
    """The application over an assembled house; it needs no startup event."""
    limit = largest_upload(house.limits)
    others = [auth.router, signed_urls.router]
    described = document([*others, file_router(described_list, limit)])

    @get("/api/v1/openapi.json", media_type=MediaType.JSON)
    async def openapi_document() -> Response[bytes]:
        """This document."""
        return Response(described, media_type=MediaType.JSON)

    return Litestar(
        [*others, file_router(served_list, limit), openapi_document],
        state=State({"house": house}),
        request_class=JsonRequest,
        exception_handlers=HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
