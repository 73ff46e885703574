"""Work that goes on while its owner does something else, one piece at a time. What it raises is
raised where the owner next waits for it, and is never passed over.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import TypeVar

from casekeep.blobs.whole import to_the_end

T = TypeVar("T")


class Behind:
    """One piece of work at a time. Its owner waits for it before the next, and lets go at last."""

    def __init__(self) -> None:
        self._work: asyncio.Task[None] | None = None

    async def settle(self) -> None:
        """Wait for what was begun. Raises what it raised, and does so again: nothing can follow
        work that failed.
        """
        if self._work is not None:
            await to_the_end(self._work)
            self._work = None

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Go on with `work`; `settle` came before."""
        self._work = asyncio.create_task(work)

    async def let_go(self) -> None:
        """Wait for what was begun, whatever comes of it."""
        if self._work is not None:
            await to_the_end(asyncio.gather(self._work, return_exceptions=True))


async def one_ahead(items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same items; while one is in use, the next is made. Raises what `items` raises, after all
    that came before it were handed out.
    """
    async with aclosing(items):
        coming = asyncio.create_task(anext(items, None))
        try:
            while (item := await coming) is not None:
                coming = asyncio.create_task(anext(items, None))
                yield item
        finally:
            await to_the_end(asyncio.gather(coming, return_exceptions=True))
