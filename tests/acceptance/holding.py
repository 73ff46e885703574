"""A TCP relay that stands between a client and whatever server there is, and can hold back what the
client sends, so that a server dies in the middle of a request and not a moment earlier or later.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Holding:
    """Passes everything on to the server at `far`. `left`: bytes of clients that are passed on
    still; None: all. `held`: is set once there were more.
    """

    def __init__(self, far: str) -> None:
        self.far = far
        self.url = ""
        self.left: int | None = None
        self.held = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with suppress(OSError):
                await self._relay(reader, writer)
        finally:
            writer.transport.abort()
            self._open.discard(task)

    async def close(self) -> None:
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = urlsplit(self.far)
        far_reader, far_writer = await asyncio.open_connection(far.hostname, far.port)
        ways = {
            asyncio.create_task(self._there(reader, far_writer)),
            asyncio.create_task(_pass(far_reader, writer)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            passed = data if self.left is None else data[: self.left]
            writer.write(passed)
            await writer.drain()
            if self.left is not None:
                self.left -= len(passed)
            if len(passed) < len(data):
                self.held.set()
                await asyncio.Event().wait()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def holding(far: str) -> AsyncIterator[Holding]:
    """A relay to the server at `far`, until the block ends."""
    relay = Holding(far)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        await relay.close()
