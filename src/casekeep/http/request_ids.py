"""Every request gets an id of ours, one line in the log, and an answer even if all else failed.
The line never carries a query, a name, an id from a path, or an address.
"""

import time
from typing import Any

import structlog

from casekeep.kernel.ids import new_id
from casekeep.kernel.request import request_id

from .asgi import ASGIApp, Message, Receive, Scope, Send
from .paths import loggable

_log = structlog.get_logger()
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestIds:
    """The outermost middleware. Takes no id from the client on trust; answers with its own in
    `X-Request-Id`. `words`: what of a path may be logged (`paths.fixed_words`).
    """

    def __init__(self, app: ASGIApp, words: frozenset[str]) -> None:
        self._app = app
        self._words = words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        handling = _Handling(str(new_id()), send)
        token = request_id.set(handling.id)
        try:
            await self._app(scope, receive, handling.send)
        except Exception as error:  # noqa: BLE001 - the server would log it with its text
            _log.error("request.crashed", exc_info=error)
            await handling.answer_failure()
        finally:
            self._note(scope, handling)
            request_id.reset(token)

    def _note(self, scope: Scope, handling: "_Handling") -> None:
        method = scope["method"]
        _log.info(
            "request",
            method=method if method in _METHODS else "OTHER",
            route=loggable(scope["path"], self._words),
            status=handling.status,
            ms=round((time.perf_counter() - handling.began) * 1000, 1),
        )


class _Handling:
    """One request under way. `status` is None until an answer has begun."""

    def __init__(self, new_request_id: str, send: Send) -> None:
        self.id = new_request_id
        self.status: int | None = None
        self.began = time.perf_counter()
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = (b"x-request-id", self.id.encode())
            others = [pair for pair in message.get("headers", ()) if pair[0].lower() != own[0]]
            message = {**message, "headers": [*others, own]}
        await self._send(message)

    async def answer_failure(self) -> None:
        """Say that it failed, if nothing was said yet; else the server cuts the answer short."""
        if self.status is None:
            body = f'{{"detail":"Internal server error: {self.id}"}}'.encode()
            head: dict[str, Any] = {"type": "http.response.start", "status": 500}
            length = (b"content-length", str(len(body)).encode())
            await self.send(
                {**head, "headers": [(b"content-type", b"application/json"), length]},
            )
            await self.send({"type": "http.response.body", "body": body})
