"""Downloads: a connection that breaks is taken up again where it broke, and a file gets its name
only when it is whole and proven.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx

from ..arriving import Arriving
from ..errors import Unreachable
from ..repeating import Repeats
from ..sources import Progress
from ..waiting import AsyncResult, async_call, async_sleep

Asking = Callable[[Mapping[str, str]], AbstractAsyncContextManager[httpx.Response]]
"""Asks for the bytes, with these header fields."""
Locating = Callable[[], AsyncResult[Asking]]
"""Finds out where the bytes are; asked again after a break, because a signed URL ends."""

_PIECE = 1 << 18


async def download(
    locating: Locating, target: Path, progress: Progress | None, repeats: Repeats
) -> Path:
    """Bring the bytes to `target`. After `repeats.most` breaks in a row that brought not one byte
    it raises Unreachable.
    """
    arriving = await async_call(Arriving, target, progress)
    try:
        await _bring(locating, arriving, repeats)
        return await async_call(arriving.finish)
    finally:
        arriving.discard()


async def _bring(locating: Locating, arriving: Arriving, repeats: Repeats) -> None:
    fruitless = 0
    while True:
        before = arriving.size
        try:
            return await _go_on(locating, arriving)
        except Unreachable:
            if arriving.is_whole:
                return None
            fruitless = 0 if arriving.size > before else fruitless + 1
            wait = repeats.wait(fruitless, None)
            if wait is None:
                raise
        await async_sleep(wait)


async def _go_on(locating: Locating, arriving: Arriving) -> None:
    asking = await locating()
    async with asking(arriving.asked()) as answer:
        await async_call(arriving.start, answer.status_code, answer.headers)
        async for piece in answer.aiter_raw(_PIECE):
            await async_call(arriving.add, piece)
