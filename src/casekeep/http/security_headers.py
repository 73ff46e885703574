"""Fields that keep an answer from being misused by a browser. An edge that sets one itself keeps
its own; nothing here loosens anything.
"""

from .asgi import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]

_ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY = b"content-security-policy"
_PAGE: Header = (
    _POLICY,
    b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    b" frame-ancestors 'none'",
)
_DATA: Header = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
_NEVER_KEPT: Header = (b"cache-control", b"no-store")
_ASK_AGAIN: Header = (b"cache-control", b"private, no-cache")


class SecurityHeaders:
    """Adds what is missing to every answer: health data is not cached, sniffed, framed or told to
    other sites. An answer with an ETag may be kept by the browser, but is asked for again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [(name.lower(), value) for name, value in message.get("headers", ())]
                message = {**message, "headers": given + _missing(dict(given))}
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)


def _missing(given: dict[bytes, bytes]) -> list[Header]:
    is_page = given.get(b"content-type", b"").startswith(b"text/html")
    wanted = (
        *_ALWAYS,
        _PAGE if is_page else _DATA,
        _ASK_AGAIN if b"etag" in given else _NEVER_KEPT,
    )
    return [header for header in wanted if header[0] not in given]
