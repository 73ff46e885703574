"""Threads for blocking disk work. They are the store's own, so that a burst of uploads never waits
behind password hashing; work once begun is never abandoned half-way.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """At most `count` pieces of disk work at a time."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="casekeep-blobs")

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in a thread. When the caller is cancelled, the work is awaited to its end
        first: a file descriptor must never be closed under a thread that still writes to it.
        """
        future = self._pool.submit(work, *args, **kwargs)
        outcome = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            await _settled(outcome)
            raise


async def _settled(outcome: "asyncio.Future[R]") -> None:
    while not outcome.done():
        try:
            await asyncio.wait([outcome])
        except asyncio.CancelledError:  # asked twice; the thread still runs
            continue
    outcome.exception()  # read, so that asyncio does not report it as never retrieved
