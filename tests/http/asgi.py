"""Small ASGI parts for tests: a body as messages, and a real uvicorn server on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from casekeep.http.protocol import BoundedProtocol

Message = dict[str, Any]


async def chunked(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def receiving(*messages: Message) -> Callable[[], Awaitable[Message]]:
    """Gives `messages` one by one, then never another, like a client that keeps still."""
    waiting = list(messages)

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        return await asyncio.Future()

    return receive


@asynccontextmanager
async def serving(app: Any, **settings: Any) -> AsyncGenerator[tuple[str, int]]:
    """`app` behind uvicorn with httptools on a free port; host and port."""
    settings = {"http": BoundedProtocol, "lifespan": "off", "log_config": None, **settings}
    config = uvicorn.Config(app, host="127.0.0.1", port=0, **settings)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve(None))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await running
