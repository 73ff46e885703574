"""What the two kinds of client do differently while they wait: each thing here comes twice, and the
script that writes the blocking client puts the second in the place of the first.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

AsyncResult = Awaitable[T]
Result = Annotated[T, "at once"]

AsyncLock = asyncio.Lock
Lock = threading.Lock

async_sleep = asyncio.sleep
sleep = time.sleep


async def async_call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of a function that may block, without holding up other tasks."""
    return await asyncio.to_thread(function, *args, **kwargs)


def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of a function."""
    return function(*args, **kwargs)


_undisturbed: set[asyncio.Task[Any]] = set()


async def async_undisturbed(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which runs to its end even if whoever waits for it is cancelled."""
    task = asyncio.create_task(work)
    _undisturbed.add(task)
    task.add_done_callback(_forget)
    return await asyncio.shield(task)


def undisturbed(result: T) -> T:
    """The same for a thread, which nobody cancels."""
    return result


def _forget(task: asyncio.Task[Any]) -> None:
    _undisturbed.discard(task)
    if not task.cancelled():
        task.exception()  # fetched, so that a failure nobody waits for is no warning
