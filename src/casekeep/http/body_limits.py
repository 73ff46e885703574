"""A bound on bodies that are read into memory. Paths that stream their body bound it themselves."""

from collections.abc import Container
from contextlib import suppress

from casekeep.kernel.errors import FileTooLarge

from .asgi import ASGIApp, Message, Receive, Scope, Send

_TOO_LARGE = "The request body is too large"


class BodyLimits:
    """Stops reading a body after `limit` bytes: the edge's own read raises FileTooLarge, so that it
    answers 413 in its own words. `streamed`: exact paths that are not limited here.
    """

    def __init__(self, app: ASGIApp, limit: int, streamed: Container[str] = ()) -> None:
        self._app = app
        self._limit = limit
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http" or scope["path"].rstrip("/") in self._streamed:
            await self._app(scope, receive, send)
            return
        taken = _announced(scope) if _announced(scope) > self._limit else 0

        async def receive_within() -> Message:
            nonlocal taken
            if taken > self._limit:
                raise FileTooLarge(_TOO_LARGE)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise FileTooLarge(_TOO_LARGE)
            return message

        await self._app(scope, receive_within, send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length":
            with suppress(ValueError):
                return int(value)
    return 0
