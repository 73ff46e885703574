"""Bodies that are read into memory end at a limit, in the words of the edge that reads them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, post
from litestar.params import JSONBody

from casekeep.http.body_limits import BodyLimits
from casekeep.kernel.errors import DomainError, FileTooLarge
from tests.http.asgi import chunked, serving

LIMIT = 1000


@post("/json", sync_to_thread=False)
def take_json(data: JSONBody[dict[str, str]]) -> dict[str, int]:
    return {"size": len(data["x"])}


@post("/stream")
async def take_stream(request: Request[Any, Any, Any]) -> dict[str, int]:
    return {"size": sum([len(piece) async for piece in request.stream()])}


@post("/ignore", sync_to_thread=False)
def take_nothing() -> dict[str, int]:
    return {"size": 0}


def in_our_words(_: Request[Any, Any, Any], error: DomainError) -> Response[dict[str, str]]:
    return Response({"detail": str(error)}, status_code=413)


edge = Litestar(
    [take_json, take_stream, take_nothing],
    exception_handlers={FileTooLarge: in_our_words},
    request_max_body_size=None,
    logging_config=None,
)
app = BodyLimits(edge, LIMIT, {"/stream"})


def json_of(size: int) -> bytes:
    return b'{"x":"' + b"y" * (size - 8) + b'"}'


async def post_to(path: str, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
    async with serving(app) as (host, port), httpx.AsyncClient() as client:
        return await client.post(f"http://{host}:{port}{path}", content=content)


async def test_a_body_up_to_the_limit_is_read() -> None:
    assert (await post_to("/json", json_of(LIMIT))).json() == {"size": LIMIT - 8}


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused_by_the_edge(announced: bool) -> None:
    content = json_of(LIMIT + 1)
    answer = await post_to(
        "/json", content if announced else chunked([content[:500], content[500:]])
    )
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The request body is too large"}


async def test_paths_that_stream_have_their_own_limits() -> None:
    for path in ("/stream", "/stream/"):
        assert (await post_to(path, b"x" * 5000)).json() == {"size": 5000}


async def test_a_body_that_nobody_reads_harms_nobody() -> None:
    assert (await post_to("/ignore", b"x" * 5000)).status_code == 201


async def test_a_claim_of_a_large_body_is_believed_before_it_is_read() -> None:
    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def reader(scope: Any, receive: Any, send: Any) -> None:
        with pytest.raises(FileTooLarge):
            await receive()

    scope = {"type": "http", "path": "/json", "headers": [(b"content-length", b"1001")]}
    await BodyLimits(reader, LIMIT)(scope, receive, None)  # type: ignore[arg-type]
