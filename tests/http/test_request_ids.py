"""Request ids, the line of a request in the log, and the answer when all else failed."""

import asyncio
import io
import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from casekeep.http.request_ids import RequestIds
from casekeep.kernel.request import request_id
from tests.http.asgi import serving

WORDS = frozenset({"cases", "files"})


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"].startswith("/early"):
        raise ValueError("Maria Muster, born 1970")
    headers = [(b"x-request-id", b"forged"), (b"x-seen", (request_id.get() or "").encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    if scope["path"].startswith("/late"):
        raise ValueError("Maria Muster, born 1970")
    await send({"type": "http.response.body", "body": b" and half"})


async def ask(path: str, method: str = "GET") -> httpx.Response:
    async with serving(RequestIds(app, WORDS)) as (host, port), httpx.AsyncClient() as client:
        fields = {"X-Request-Id": "from-the-client"}
        return await client.request(method, f"http://{host}:{port}{path}", headers=fields)


def requests_in(written: io.StringIO) -> list[dict[str, Any]]:
    logged = [json.loads(line) for line in written.getvalue().splitlines()]
    return [line for line in logged if line["event"] == "request"]


async def test_every_answer_carries_an_id_of_ours(written: io.StringIO) -> None:
    answer = await ask("/cases/files/12345?patient=Muster")
    [given] = answer.headers.get_list("x-request-id")
    assert UUID(given)
    assert answer.headers["x-seen"] == given
    [line] = requests_in(written)
    assert line["request_id"] == given
    assert (line["method"], line["route"], line["status"]) == ("GET", "/cases/files/*", 200)
    assert 0 <= line["ms"] < 10_000
    assert "Muster" not in written.getvalue()
    assert "from-the-client" not in written.getvalue()


async def test_ids_differ_and_do_not_outlive_the_request(written: io.StringIO) -> None:
    first, second = await ask("/cases"), await ask("/cases")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert request_id.get() is None


async def test_a_strange_method_is_not_repeated(written: io.StringIO) -> None:
    await ask("/cases", "PROPFIND")
    assert requests_in(written)[0]["method"] == "OTHER"


async def test_a_crash_is_answered_and_its_words_are_not_logged(written: io.StringIO) -> None:
    answer = await ask("/early/Muster.pdf")
    reference = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert answer.json() == {"detail": f"Internal server error: {reference}"}
    assert "Muster" not in written.getvalue()
    crash = next(
        json.loads(line) for line in written.getvalue().splitlines() if "request.crashed" in line
    )
    assert (crash["request_id"], crash["error"]) == (reference, "ValueError")
    assert any("test_request_ids.app" in place for place in crash["where"])
    assert requests_in(written)[0]["status"] == 500


async def test_a_crash_after_the_head_cuts_the_answer_short(written: io.StringIO) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await ask("/late")
    assert "Muster" not in written.getvalue()
    assert requests_in(written)[0]["route"] == "/*"


async def test_requests_at_the_same_time_keep_their_ids(written: io.StringIO) -> None:
    async with serving(RequestIds(app, WORDS)) as (host, port), httpx.AsyncClient() as client:
        answers = await asyncio.gather(
            *(client.get(f"http://{host}:{port}/cases") for _ in range(20))
        )
    assert all(each.headers["x-seen"] == each.headers["x-request-id"] for each in answers)
    assert len({each.headers["x-seen"] for each in answers}) == 20
