"""A proxy in front of an S3 server that misbehaves when a test says so: answers 500 or 503, hangs
up, breaks off in the middle of an answer, or says nothing at all.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"


class Fault(StrEnum):
    ERROR = "500 Internal Server Error"
    SLOW_DOWN = "503 Slow Down"
    HANG_UP = "hang up"
    BREAK_OFF = "break off"
    SILENCE = "silence"
    DONE_BUT_ERROR = "500 Done But Not Told"


@dataclass(frozen=True)
class Request:
    """The first line of a request, such as `PUT /bucket/name?partNumber=2 HTTP/1.1`."""

    line: str


@dataclass
class Proxy:
    """Forwards each request, unless `judge` names a fault for it."""

    upstream: str
    judge: Callable[[Request], Fault | None] = lambda _: None
    address: str = ""

    def fail_all(self, fault: Fault) -> None:
        self.judge = lambda _: fault

    def fail_first(self, count: int, fault: Fault) -> None:
        """The next `count` requests only."""
        faults = [fault] * count
        self.judge = lambda _: faults.pop() if faults else None

    def behave(self) -> None:
        self.judge = lambda _: None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            head, body = await _request(reader)
            request = Request(head.split(b"\r\n", 1)[0].decode())
            await self._answer(self.judge(request), head + body, writer)

    async def _answer(
        self, fault: Fault | None, request: bytes, writer: asyncio.StreamWriter
    ) -> None:
        if fault is Fault.SILENCE:
            await asyncio.Event().wait()
        if fault is Fault.HANG_UP:
            writer.transport.abort()
            return
        if fault is Fault.DONE_BUT_ERROR:
            await self._forwarded(request)
        if fault in {Fault.ERROR, Fault.SLOW_DOWN, Fault.DONE_BUT_ERROR}:
            answer = f"HTTP/1.1 {fault}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        else:
            answer = await self._forwarded(request)
        if fault is Fault.BREAK_OFF:
            answer = answer[: len(answer) // 2]
        writer.write(answer)
        await writer.drain()

    async def _forwarded(self, request: bytes) -> bytes:
        parts = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        async with _closing(writer):
            writer.write(request)
            return await reader.read()


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close the connection at the end, also one that the other side closed."""
    try:
        with suppress(OSError, asyncio.IncompleteReadError):
            yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one request, which is made to be the last of its connection."""
    head = await reader.readuntil(_HEAD_END)
    lines = head.removesuffix(_HEAD_END).split(b"\r\n")
    length = 0
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    body = await reader.readexactly(length)
    return b"\r\n".join([*kept, b"Connection: close"]) + _HEAD_END, body


@asynccontextmanager
async def misbehaving(upstream: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the server at `upstream`, until the block ends."""
    proxy = Proxy(upstream)
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    proxy.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await server.wait_closed()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
