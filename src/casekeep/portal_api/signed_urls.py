"""The URL that hands out one file without a header, and what is behind it. Its token stands in the
query, because the house never writes a query string into a log.
"""

from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from litestar import Router, route
from litestar.enums import HttpMethod
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.types import ASGIApp, Receive, Scope, Send

from casekeep.files.opening import OpenFile, open_link
from casekeep.http.connections import house_of
from casekeep.http.downloads import answer_for, send_answer

from .errors import NO_FILE, NO_STORAGE, NOT_VALID
from .openapi import refusals
from .proof import AnyRequest
from .reading import read_query

_PATH = "/api/v1/files/content"


def signed_url(request: AnyRequest, token: str) -> str:
    """The whole URL, on the origin that people use."""
    origin = house_of(request).public_url or f"{request.url.scheme}://{request.url.netloc}"
    return url_of(origin, token)


def url_of(origin: str, token: str) -> str:
    """The whole URL, on an origin."""
    return f"{origin}{_PATH}?token={quote(token, safe='')}"


@route(
    "/content",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    media_type="application/octet-stream",
    summary="Download a file by its link",
    responses={
        200: ResponseSpec(
            bytes,
            generate_examples=False,
            description="The bytes",
            media_type="*/*",  # the file's own
        ),
        **refusals(NOT_VALID, NO_FILE, NO_STORAGE),
    },
)
async def file_content(
    request: AnyRequest, token: Annotated[str, QueryParameter(description="The link's proof.")]
) -> ASGIApp:
    """Hand out the bytes of one file, or a range of them."""
    read_query(request.scope["query_string"])
    house = house_of(request)
    opened = await open_link(house.db, house.audit, house.blobs, house.links, token)
    return _sending(opened)


def _sending(opened: OpenFile) -> ASGIApp:
    async def send_opened(scope: Scope, receive: Receive, send: Send) -> None:
        given = answer_for(scope, opened.file)
        # The next URL of this file is another one: a copy kept under this one helps nobody.
        kept_by_nobody = replace(given, headers={**given.headers, "cache-control": "no-store"})
        await send_answer(kept_by_nobody, receive, send, opened.read)

    return send_opened


router = Router("/api/v1/files", route_handlers=[file_content], tags=["Files"])
