"""Compares the body of a request with its Content-Digest while it streams: whoever reads a body
that is another never sees its end, and so keeps nothing of it. It decides nothing else.
"""

import hashlib
from collections.abc import Callable

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.identity.actors import who
from casekeep.kernel.errors import DigestMismatch

from .asgi import ASGIApp, Message, Receive, Scope, Send
from .digests import CONTENT_DIGEST, sha256_in, values_of


class CheckedBodies:
    """Whoever reads a body gets InputNotValid at once for a Content-Digest that is none, and
    DigestMismatch in place of the last piece; each edge says that in its own words.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "http" and (values := values_of(scope, CONTENT_DIGEST)):
            receive = _Checking(receive, values).receive
        await self._app(scope, receive, send)


class _Checking:
    """One body on its way in."""

    def __init__(self, receive: Receive, values: list[str]) -> None:
        self._receive = receive
        self._values = values
        self._sha256 = hashlib.sha256()
        self._is_whole = False

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        expected = sha256_in(self._values, CONTENT_DIGEST)
        message = await self._receive()
        if message["type"] == "http.request":
            self._sha256.update(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
        if self._is_whole and expected not in (None, self._sha256.digest()):
            raise DigestMismatch(f"the content is not what its {CONTENT_DIGEST} says")
        return message


def recording_mismatch(audit: AuditLog, action: Action) -> Callable[[ASGIApp], ASGIApp]:
    """Middleware for calls whose body is read whole before anything is done: that it was refused
    for its digest is recorded as a refused `action`, of whoever proved who they are.
    """
    return lambda app: _Recording(app, audit, action)


class _Recording:
    def __init__(self, app: ASGIApp, audit: AuditLog, action: Action) -> None:
        self._app = app
        self._audit = audit
        self._action = action

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""

        async def receive_recorded() -> Message:
            try:
                return await receive()
            except DigestMismatch:
                actor = scope.get("user") or scope["auth"]  # proven before a body is asked for
                await self._audit.record_refusal(who(actor), Event(self._action))
                raise

        await self._app(scope, receive_recorded, send)
