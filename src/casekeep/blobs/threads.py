"""Threads for blocking disk work. They are the store's own, so that a burst of uploads never waits
behind password hashing; work once begun is never abandoned half-way.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from casekeep.blobs.whole import to_the_end

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """At most `count` pieces of disk work at a time."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="casekeep-blobs")
        self._count = count
        self._under_way = 0

    @property
    def are_busy(self) -> bool:
        """Whether more work would have to wait."""
        return self._under_way >= self._count

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in a thread. When the caller is cancelled, the work is awaited to its end
        first: a file descriptor must never be closed under a thread that still writes to it.
        """
        future = self._pool.submit(work, *args, **kwargs)
        self._under_way += 1
        try:
            return await to_the_end(asyncio.wrap_future(future))
        finally:
            self._under_way -= 1
