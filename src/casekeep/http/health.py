"""Liveness and readiness, for whoever watches the server. Tells no detail to a stranger."""

import asyncio

import structlog

from .asgi import Receive, Scope, Send
from .house import House

_log = structlog.get_logger()
ALIVE = "/healthz"
READY = "/readyz"
_PATIENCE_SECONDS = 5.0


class Health:
    """`GET /healthz`: the process answers. `GET /readyz`: it also reaches its database."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        del receive
        ready = scope["path"] == ALIVE or await self._is_ready()
        body = b'{"status":"ok"}' if ready else b'{"status":"unavailable"}'
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        status = 200 if ready else 503
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _is_ready(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._house.db.fetch_unscoped("select 1")
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not ready"
            _log.warning("readiness.failed", error=type(error).__name__)
            return False
        return True
