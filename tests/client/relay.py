"""A TCP relay in front of a server that breaks connections in the middle of an answer, or changes a
byte of it on the way.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Relay:
    """Passes everything on, except as it is told. `cuts`: after how many bytes of answers each
    next connection breaks; `flips`: at which byte of the answers of each next connection one bit
    is changed. When both are used up, connections live.
    """

    def __init__(self, server_url: str) -> None:
        self._far = urlsplit(server_url)
        self.url = ""
        self.cuts: list[int] = []
        self.flips: list[int] = []
        self.connections = 0
        self.heads: list[bytes] = []
        self._open: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection(self._far.hostname, self._far.port)
        self._open[task] = (writer, far_writer)
        there = asyncio.create_task(self._there(reader, far_writer))
        with suppress(OSError):
            await self._back(far_reader, writer)
        for end in self._open[task]:
            end.transport.abort()
            with suppress(OSError):
                await end.wait_closed()
        await asyncio.gather(there, return_exceptions=True)
        del self._open[task]

    async def close(self) -> None:
        """Break what is open, and wait until it has ended."""
        ending = list(self._open)
        for ends in self._open.values():
            for end in ends:
                end.transport.abort()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            self.heads.append(data[: data.find(b"\r\n\r\n")].lower())
            writer.write(data)
            await writer.drain()
        writer.transport.abort()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self.cuts.pop(0) if self.cuts else None
        flip = self.flips.pop(0) if self.flips else None
        passed = 0
        while data := await reader.read(1 << 16):
            if flip is not None and passed <= flip < passed + len(data):
                changed = bytearray(data)
                changed[flip - passed] ^= 1
                data = bytes(changed)
            if left is not None and passed + len(data) > left:
                writer.write(data[: left - passed])
                await writer.drain()
                return
            passed += len(data)
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def relay_to(server_url: str) -> AsyncGenerator[Relay, None]:
    relay = Relay(server_url)
    server = await asyncio.start_server(relay.relay, "127.0.0.1", 0)
    relay.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        await relay.close()
