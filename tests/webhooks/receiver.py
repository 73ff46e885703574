"""A partner's server: a real one, on the loopback, that keeps what it gets and answers as told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

Answering = Callable[[int], int | None]
"""The status for the so-and-so-many-th request, from 1; None: never an answer."""


@dataclass(frozen=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class Receiver:
    """What came, in order, and how it answers."""

    answering: Answering
    headers: str = ""
    got: list[Got] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook?place=1"

    async def until(self, count: int) -> list[Got]:
        """Everything, once so much has come."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.got) >= count)
        return self.got

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            named = {
                line.split(":")[0].lower(): line.split(": ", 1)[1] for line in head[1:] if line
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            async with self._news:
                self.got.append(Got(head[0].split(" ")[1], named, body))
                status = self.answering(len(self.got))
                self._news.notify_all()
            if status is None:
                await self._ended.wait()
            else:
                more = f"HTTP/1.1 {status} Whatever\r\ncontent-length: 2\r\n{self.headers}\r\nok"
                writer.write(more.encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def end(self) -> None:
        self._ended.set()


@asynccontextmanager
async def receiver(
    answering: Answering = lambda _: 200, *, tls: ssl.SSLContext | None = None, headers: str = ""
) -> AsyncIterator[Receiver]:
    """A server that runs until the block ends."""
    made = Receiver(answering, headers, scheme="https" if tls else "http")
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.end()
        server.close()
        await server.wait_closed()
