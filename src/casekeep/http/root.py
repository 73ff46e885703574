"""The root ASGI application: opens the house when the server starts, closes it when it stops, and
sends each request to the edge that it belongs to. It decides nothing else.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import NamedTuple

from litestar import Litestar

from .asgi import ASGIApp, Receive, Scope, Send
from .certificate_keys import KEYS, CertificateKeys
from .checked_bodies import CheckedBodies
from .cross_origin import CrossOrigin
from .health import ALIVE, READY, Health
from .house import House
from .metrics import METRICS, Metrics
from .paths import TidyPaths, fixed_words
from .patience import Patience
from .request_ids import RequestIds
from .security_headers import SecurityHeaders


class Apps(NamedTuple):
    """An opened house, and the edges over it."""

    house: House
    clinician_api: Litestar
    portal_api: Litestar
    pages: Litestar


class Root:
    """One server process. `opening` is entered at startup and left at shutdown."""

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[Apps]]) -> None:
        self._opening = opening
        self._dispatch: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._dispatch is not None and scope["type"] == "http":
            await self._dispatch(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as closing:
            try:
                await receive()
                apps = await closing.enter_async_context(self._opening())
                self._dispatch = dispatcher(apps)
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
                raise
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def dispatcher(apps: Apps) -> ASGIApp:
    """Every path to its edge, wrapped in what all answers share."""
    health, metrics, allowed = Health(apps.house), Metrics(apps.house), apps.house.allowed_origins
    keys = CertificateKeys(apps.house)
    portal_api = CrossOrigin(apps.portal_api, allowed)
    clinician_api = CrossOrigin(apps.clinician_api, allowed)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path == "/api/v1" or path.startswith("/api/v1/"):
            await portal_api(scope, receive, send)
        elif path in {ALIVE, READY}:
            await health(scope, receive, send)
        elif path == METRICS and metrics.may_read(scope):
            await metrics(scope, receive, send)
        elif path == KEYS:
            await keys(scope, receive, send)
        elif path == "/" or path.startswith(("/docs/", "/demo/", "/assets/")):
            await apps.pages(scope, receive, send)
        else:
            await clinician_api(scope, receive, send)

    edges = (apps.clinician_api, apps.portal_api, apps.pages)
    words = fixed_words(
        [ALIVE, READY, METRICS, KEYS, *(route.path for edge in edges for route in edge.routes)]
    )
    patient = Patience(CheckedBodies(dispatch), apps.house.idle_timeout)
    return RequestIds(TidyPaths(SecurityHeaders(patient)), words)
