"""Waits for the body of a request as long as bytes keep coming, and no longer: a client that stalls
holds nothing for ever. It never looks into a body, and leaves alone what comes after it.
"""

import asyncio

from casekeep.kernel.errors import UploadBroken

from .asgi import ASGIApp, Message, Receive, Scope, Send

STALLED = "The upload stalled"
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})  # no edge reads one there


class Patience:
    """Whoever reads a body gets UploadBroken once nothing has come for `idle_timeout` seconds; each
    edge says that in its own words.
    """

    def __init__(self, app: ASGIApp, idle_timeout: float) -> None:
        self._app = app
        self._idle_timeout = idle_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "http" and scope["method"] not in _WITHOUT_BODY:
            receive = in_time(receive, self._idle_timeout)
        await self._app(scope, receive, send)


def in_time(receive: Receive, idle_timeout: float) -> Receive:
    """`receive`, which raises UploadBroken when the body pauses for longer than `idle_timeout`
    seconds. After its end it waits for the client to leave, for as long as that takes.
    """
    is_whole = False

    async def receive_in_time() -> Message:
        nonlocal is_whole
        if is_whole:
            return await receive()
        try:
            async with asyncio.timeout(idle_timeout):
                message = await receive()
        except TimeoutError:
            raise UploadBroken(STALLED) from None
        is_whole = not message.get("more_body", False)
        return message

    return receive_in_time
