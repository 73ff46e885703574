"""A wire to the database that can be cut, at the worst moment too, or go silent: a TCP relay, so
that an outage is a real one.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import parse_qs, urlsplit, urlunsplit

Cut = Literal["before the commit", "after the commit"]


class Wire:
    """Relays connections from `dsn` to the real server, unless it is cut."""

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        self._port = 0
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self._at_commits: list[Cut] = []
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def dsn(self) -> str:
        """The address of the near end."""
        user = self._parts.netloc.rpartition("@")[0]
        near = self._parts._replace(
            netloc=f"{user}@127.0.0.1:{self._port}", query="sslmode=disable"
        )
        return urlunsplit(near)

    async def mend(self) -> None:
        """Take connections, at the same address as before."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def silence(self) -> None:
        """Pass nothing on any more, and tell nobody: as a firewall that drops packets does."""
        self._flowing.clear()

    async def cut(self) -> None:
        """Break every connection, and refuse new ones until it is mended."""
        self._flowing.set()
        if self._server is not None:
            self._server.close()
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    def cut_at_commit(self, moment: Cut, times: int = 1) -> None:
        """Break the connection by which the next COMMIT comes, or the next few."""
        self._at_commits = [moment] * times

    async def _far_end(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._parts.hostname:
            return await asyncio.open_connection(self._parts.hostname, self._parts.port)
        query = parse_qs(self._parts.query)
        return await asyncio.open_unix_connection(f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}")

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        far_reader, far_writer = await self._far_end()
        back = asyncio.create_task(self._pass_back(far_reader, writer))
        try:
            while data := await reader.read(1 << 16):
                await self._flowing.wait()
                cut = self._at_commits.pop() if self._at_commits and b"COMMIT" in data else None
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
            self._relays.discard(task)
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            for end in (writer, far_writer):
                end.transport.abort()
                with suppress(OSError):
                    await end.wait_closed()

    async def _pass_back(
        self, far_reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await far_reader.read(1 << 16):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def wire_to(dsn: str) -> AsyncGenerator[Wire, None]:
    """A wire to the server of `dsn`, whole until it is cut."""
    wire = Wire(dsn)
    await wire.mend()
    try:
        yield wire
    finally:
        await wire.cut()
