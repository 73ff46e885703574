"""Sees work to its end once it is begun, though whoever waits for it is cancelled: what is half
done elsewhere, in a thread or at a server, can be neither used nor cleared away.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

R = TypeVar("R")


async def to_the_end(work: Awaitable[R]) -> R:
    """The result of `work`. When the caller is cancelled, the work is awaited to its end first."""
    outcome = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(outcome)
    except asyncio.CancelledError:
        await _settled(outcome)
        raise


async def _settled(outcome: "asyncio.Future[R]") -> None:
    while not outcome.done():
        try:
            await asyncio.wait([outcome])
        except asyncio.CancelledError:  # asked twice; the work still goes on
            continue
    if not outcome.cancelled():
        outcome.exception()  # read, so that asyncio does not report it as never retrieved
