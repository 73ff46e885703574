"""Lets software in browsers of named origins call an edge: Cross-Origin Resource Sharing, as the
Fetch standard has it (fetch.spec.whatwg.org, section 3.3). Never with credentials: what proves a
caller is in a header that the software sets itself, so no browser adds it for another's page.
"""

from .asgi import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_ANY_HEADER = b"Authorization, *"  # the star stands for every name but this one
_EXPOSED = b", ".join(
    (
        *(b"ETag", b"Content-Disposition", b"Content-Digest", b"Accept-Ranges", b"Content-Range"),
        *(b"Retry-After", b"X-Request-Id", b"Location", b"Tus-Resumable", b"Tus-Version"),
        *(b"Tus-Extension", b"Tus-Max-Size", b"Upload-Offset", b"Upload-Length"),
        *(b"Tus-Checksum-Algorithm", b"Upload-Defer-Length", b"Upload-Metadata"),
        *(b"Upload-Expires", b"Upload-File-Id"),
    )
)
_KEPT_SECONDS = b"7200"  # browsers keep the answer for no longer
_VARY: Header = (b"vary", b"Origin")


class CrossOrigin:
    """Answers what browsers ask before a call, and marks the answers that the software of an
    allowed origin may read. Without allowed origins it changes nothing.
    """

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        """`allowed`: origins as browsers write them, such as `https://app.clinic.example`."""
        self._app = app
        self._allowed = frozenset(origin.encode("ascii") for origin in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if not self._allowed or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = self._allowed_origin(scope)
        if origin is not None and _is_preflight(scope):
            await _answer_preflight(send, origin)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), *_marks(origin)]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_marked)

    def _allowed_origin(self, scope: Scope) -> bytes | None:
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        return origins[0] if len(origins) == 1 and origins[0] in self._allowed else None


def _is_preflight(scope: Scope) -> bool:
    asked = any(name == b"access-control-request-method" for name, _ in scope["headers"])
    return asked and scope["method"] == "OPTIONS"


def _marks(origin: bytes | None) -> list[Header]:
    """What is added to an answer; also one for nobody's origin says that it depends on it."""
    if origin is None:
        return [_VARY]
    exposed = (b"access-control-expose-headers", _EXPOSED)
    return [_VARY, (b"access-control-allow-origin", origin), exposed]


async def _answer_preflight(send: Send, origin: bytes) -> None:
    headers = [
        _VARY,
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _ANY_HEADER),
        (b"access-control-max-age", _KEPT_SECONDS),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
