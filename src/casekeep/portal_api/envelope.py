"""The envelope around every answer of the portal contract: it repeats the HTTP status. Answers are
never to be stored by a browser or a proxy on the way.
"""

from typing import Literal, TypeVar

import msgspec
from litestar import Response
from litestar.enums import MediaType

NO_STORE = {"Cache-Control": "no-store"}


class Success(msgspec.Struct, frozen=True):
    """What every success starts with; alone it is the answer of an act without a result."""

    status: Literal[200]
    success: Literal[True]


class Told(Success, frozen=True):
    """An act whose result is a sentence."""

    message: str


class Refusal(msgspec.Struct, frozen=True):
    """Every answer that is not a success."""

    status: int
    success: Literal[False]
    error: str
    code: str


S = TypeVar("S", bound=Success)


def answer(body: S) -> Response[S]:
    """A success, as JSON that nobody keeps."""
    return Response(body, media_type=MediaType.JSON, headers=NO_STORE)


def refusal(
    status: int, error: str, code: str, headers: dict[str, str] | None = None
) -> Response[Refusal]:
    """A refusal, as JSON that nobody keeps."""
    body = Refusal(status, success=False, error=error, code=code)
    return Response(
        body, status_code=status, media_type=MediaType.JSON, headers={**NO_STORE, **(headers or {})}
    )
