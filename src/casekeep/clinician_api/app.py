"""The clinician contract as an application of its own: routes, words, OpenAPI document."""

from functools import cache
from typing import Any

from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType

from casekeep.http.house import House
from casekeep.http.json_bodies import JsonRequest
from casekeep.http.openapi import as_json
from casekeep.http.tus import marking

from . import cases, destructions, files, findings, holds, sign_in, uploads, webhooks
from .errors import HANDLERS
from .openapi import document

_HANDLERS = (
    sign_in.router,
    cases.router,
    files.router,
    uploads.router,
    webhooks.router,
    findings.router,
    holds.router,
    destructions.router,
    files.download,
)
_LARGEST_BODY = 65_536  # of what is read into memory; uploads stream past it


@cache
def openapi() -> dict[str, Any]:
    """The contract's OpenAPI document; it takes no house to make."""
    return document(_HANDLERS)


def build_app(house: House) -> Litestar:
    """The application over an assembled house; it needs no startup event."""
    described = as_json(openapi())

    @get("/openapi.json", media_type=MediaType.JSON)
    async def openapi_document() -> Response[bytes]:
        """This document."""
        return Response(described, media_type=MediaType.JSON)

    return Litestar(
        [*_HANDLERS, openapi_document],
        state=State({"house": house}),
        request_class=JsonRequest,
        exception_handlers=HANDLERS,
        before_send=[marking(uploads.PATH)],
        openapi_config=None,
        request_max_body_size=_LARGEST_BODY,
        logging_config=None,
    )
