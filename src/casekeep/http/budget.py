"""A bound on the bytes of bodies that one process holds in memory at a time: of requests, and of
answers that are made whole. Who finds it full waits a little, then is told to come back; it never
refuses a body that fits when all is quiet.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from casekeep.kernel.errors import TooManyRequests, UploadBroken

from .asgi import ASGIApp, Message, Receive, Scope, Send
from .patience import STALLED


class BodyBudget:
    """`size` bytes for all bodies together; a process has one. `patience`: seconds that a body
    waits for room; `longest`: seconds that one may take to arrive, however steadily it drips.
    """

    def __init__(self, size: int, *, patience: float = 5.0, longest: float = 300.0) -> None:
        self.free = size
        self.patience = patience
        self.longest = longest
        self._returned = asyncio.Event()

    async def take(self, amount: int) -> None:
        """Reserve bytes. Raises TooManyRequests when there is no room within the patience."""
        try:
            async with asyncio.timeout(self.patience):
                while self.free < amount:
                    self._returned.clear()
                    await self._returned.wait()
        except TimeoutError:
            raise TooManyRequests(round(self.patience) or 1) from None
        self.free -= amount

    def give_back(self, amount: int) -> None:
        """Return what was reserved."""
        self.free += amount
        self._returned.set()

    def around(self, largest: int) -> Callable[[ASGIApp], ASGIApp]:
        """Middleware for routes that hold a body of at most `largest` bytes: room is reserved when
        the body is first asked for, so after the caller is proven, and until the answer is sent.
        """
        return lambda app: _Budgeted(app, self, largest)

    def for_answers(self) -> Callable[[ASGIApp], ASGIApp]:
        """Middleware for routes that make large answers: what `hold` reserves there is reserved
        until the answer is sent.
        """
        return lambda app: _Answering(app, self)


async def hold(scope: Scope, amount: int) -> None:
    """Reserve bytes for the answer to a request that came through `for_answers`.

    Raises TooManyRequests when there is no room within the patience.
    """
    held: _Held = scope[_HELD]
    await held.budget.take(amount)
    held.amount += amount


_HELD = "casekeep.held"


@dataclass(slots=True)
class _Held:
    budget: BodyBudget
    amount: int = 0


class _Answering:
    def __init__(self, app: ASGIApp, budget: BodyBudget) -> None:
        self._app = app
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        held = _Held(self._budget)
        try:
            await self._app({**scope, _HELD: held}, receive, send)
        finally:
            self._budget.give_back(held.amount)


class _Budgeted:
    def __init__(self, app: ASGIApp, budget: BodyBudget, largest: int) -> None:
        self._app = app
        self._budget = budget
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        reading = _Reading(self._budget, _announced(scope, self._largest), receive)
        try:
            await self._app(scope, reading.receive, send)
        finally:
            reading.release()


class _Reading:
    """One body on its way in, and then in memory."""

    def __init__(self, budget: BodyBudget, amount: int, receive: Receive) -> None:
        self._budget = budget
        self._amount = amount
        self._receive = receive
        self._deadline: float | None = None
        self._is_whole = False

    async def receive(self) -> Message:
        if self._deadline is None:
            await self._budget.take(self._amount)
            self._deadline = asyncio.get_running_loop().time() + self._budget.longest
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message: dict[str, Any] = await self._receive()
        except TimeoutError:
            raise UploadBroken(STALLED) from None
        self._is_whole = not message.get("more_body", False)
        return message

    def release(self) -> None:
        if self._deadline is not None:
            self._budget.give_back(self._amount)


def _announced(scope: Scope, largest: int) -> int:
    """The body's length as its head tells, or else the most it may be."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return min(int(value), largest)
    return largest
