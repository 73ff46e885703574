"""A wire between the application and PostgreSQL that can be cut at the worst moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import parse_qs, urlsplit, urlunsplit

Cut = Literal["before the commit", "after the commit"]


class Wire:
    """Passes bytes both ways until a COMMIT comes by that is to be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._next: list[Cut] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self, moment: Cut, times: int = 1) -> None:
        """Cut the connection at the next COMMIT that comes by, or the next few."""
        self._next = [moment] * times

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await self._connect()
        back = asyncio.create_task(_pass_on(far_reader, writer))
        try:
            while data := await reader.read(1 << 16):
                cut = self._next.pop() if self._next and b"COMMIT" in data else None
                if cut == "before the commit":
                    break
                if cut == "after the commit":
                    back.cancel()
                    await asyncio.gather(back, return_exceptions=True)
                far_writer.write(data)
                await far_writer.drain()
                if cut == "after the commit":
                    await far_reader.read(1)  # the server has answered, so it has committed
                    break
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            writer.transport.abort()
            far_writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._host.startswith("/"):
            return await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        return await asyncio.open_connection(self._host, self._port)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def wire_to(dsn: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the server of `dsn`, and the address of its near end."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    host = parts.hostname or query.get("host", ["127.0.0.1"])[0]
    wire = Wire(host, parts.port or int(query.get("port", ["5432"])[0]))
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    near = urlunsplit(
        parts._replace(netloc=f"{credentials}@127.0.0.1:{port}", query="sslmode=disable")
    )
    try:
        yield wire, near
    finally:
        server.close()
        await wire.close()
