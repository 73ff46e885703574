"""What a connection may take of the server, tried by raw clients of a real one."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from casekeep.http import protocol
from casekeep.http.protocol import HEAD_LIMIT, BoundedProtocol, most_connections
from tests.http.asgi import serving

START = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
MIB = 1 << 20

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Impatient(BoundedProtocol):
    """The same limits, reached sooner."""

    head_seconds = 0.2
    rest_seconds = 0.2
    drain_seconds = 0.2
    most_connections = 3


async def greet(_: Any, __: Any, send: Any) -> None:
    """Answers without a look at the body."""
    head = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b"hi"})


async def read_whole(scope: Any, receive: Any, send: Any) -> None:
    """Answers once the body is complete."""
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    await greet(scope, receive, send)


@asynccontextmanager
async def connected(address: tuple[str, int]) -> AsyncGenerator[Streams]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        writer.close()


@asynccontextmanager
async def connection(
    app: Any = greet, http: type[BoundedProtocol] = Impatient
) -> AsyncGenerator[Streams]:
    async with serving(app, http=http) as address, connected(address) as streams:
        yield streams


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All until the server closes; its reset is an end as well."""
    got = b""
    async with asyncio.timeout(5):
        try:
            while piece := await reader.read(MIB):
                got += piece
        except ConnectionError:
            pass
    return got


@pytest.mark.parametrize(
    "head",
    [
        START + b"".join(b"X-%d: %b\r\n" % (n, b"x" * 1000) for n in range(70)),
        START + b"X: " + b"x" * (HEAD_LIMIT + 1) + b"\r\n\r\n",
        START + b"X: " + b"x" * (6 * HEAD_LIMIT),
        b"GET /" + b"x" * (HEAD_LIMIT + 1),
        b"GET /" + b"x" * (HEAD_LIMIT + 1) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["many fields", "a long field", "an endless field", "an endless target", "a long target"],
)
async def test_a_head_over_the_limit_is_431(head: bytes) -> None:
    async with connection(http=BoundedProtocol) as (reader, writer):
        writer.write(head)
        answer = await rest(reader)
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"\r\nconnection: close\r\n" in answer


async def test_a_head_within_the_limit_is_served_on_every_request_of_a_connection() -> None:
    request = START + b"X: " + b"x" * (HEAD_LIMIT - 100) + b"\r\n\r\n"
    async with connection(http=BoundedProtocol) as (reader, writer):
        for _ in range(3):
            writer.write(request)
            assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200 ")


async def test_trailers_count_as_a_head() -> None:
    async with connection(read_whole, BoundedProtocol) as (reader, writer):
        writer.write(POST + b"1\r\na\r\n0\r\n" + b"X: x\r\n" * HEAD_LIMIT)
        assert await rest(reader) == b""


@pytest.mark.parametrize(
    ("asked", "then"),
    [
        (b"", b""),
        (b"", START),
        (b"", b"GET"),
        (START + b"\r\n", START),
        (START + b"\r\n", b"\r\n"),
        (POST + b"5\r\nab", b"c"),
    ],
    ids=["nothing", "half a head", "half a word", "half a second head", "a blank line", "a body"],
)
async def test_a_client_that_does_not_finish_is_left(asked: bytes, then: bytes) -> None:
    async with connection() as (reader, writer):
        writer.write(asked)
        if asked:
            await reader.readuntil(b"hi")
        writer.write(then)
        began = asyncio.get_running_loop().time()
        assert await rest(reader) == b""
        assert asyncio.get_running_loop().time() - began < 2  # not the server's own 5 seconds


async def test_a_request_under_way_is_waited_for() -> None:
    """No deadline of the head's falls on the body or on the answer."""
    async with connection(read_whole) as (reader, writer):
        writer.write(POST + b"1\r\na\r\n")
        await asyncio.sleep(2 * Impatient.head_seconds)
        writer.write(b"0\r\n\r\n")
        assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200 ")


async def test_connections_over_the_most_are_told_to_come_back() -> None:
    class Roomy(Impatient):
        head_seconds = 60.0

    async with serving(greet, http=Roomy) as address, AsyncExitStack() as leaving:
        held = [await leaving.enter_async_context(connected(address)) for _ in range(3)]
        async with connected(address) as (reader, _):
            answer = await rest(reader)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: " in answer
        again = await served(*held[0]), await served(*held[1]), await served(*held[2])
        assert again == (True, True, True)
        async with connected(address) as streams:
            assert await served(*streams)


async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(START + b"Connection: close\r\n\r\n")
    return (await rest(reader)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(("soft", "most"), [(20_000, 2000), (1024, 824), (-1, 2000), (64, 16)])
def test_descriptors_are_left_for_the_work(
    monkeypatch: pytest.MonkeyPatch, soft: int, most: int
) -> None:
    given: Callable[[int], tuple[int, int]] = lambda _: (soft, -1)  # noqa: E731
    monkeypatch.setattr(protocol.resource, "getrlimit", given)
    assert most_connections() == most


async def test_a_client_that_does_not_read_is_given_up() -> None:
    left = asyncio.Event()

    async def pour(_: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()  # the end of the request
        gone = asyncio.create_task(receive())
        while not gone.done():
            await send({"type": "http.response.body", "body": bytes(MIB), "more_body": True})
            await asyncio.sleep(0)
        left.set()

    async with connection(pour) as (_, writer):
        writer.write(START + b"\r\n")
        await asyncio.wait_for(left.wait(), 10)


async def test_the_end_of_an_answer_is_not_kept_for_a_client_that_does_not_read() -> None:
    left = asyncio.Event()

    class Told(Impatient):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            left.set()

    async def pour(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(16 * MIB)})

    async with connection(pour, Told) as (_, writer):
        writer.write(START + b"\r\n")
        await asyncio.wait_for(left.wait(), 10)


async def test_a_client_that_reads_slowly_gets_all() -> None:
    whole = 8 * MIB

    async def pour(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for left in range(7, -1, -1):
            more = left > 0
            await send({"type": "http.response.body", "body": bytes(MIB), "more_body": more})

    async with connection(pour) as (reader, writer):
        writer.write(START + b"Connection: close\r\n\r\n")
        got = 0
        while piece := await reader.read(MIB // 4):
            got += len(piece)
            await asyncio.sleep(0.02)
    assert got > whole
