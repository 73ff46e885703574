"""Downloads: a connection that breaks is taken up again where it broke, and a file gets its name
only when it is whole and proven.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import httpx

from ..arriving import Arriving
from ..errors import Unreachable
from ..repeating import Repeats
from ..sources import Progress
from ..waiting import Result, call, sleep

Asking = Callable[[Mapping[str, str]], AbstractContextManager[httpx.Response]]
"""Asks for the bytes, with these header fields."""
Locating = Callable[[], Result[Asking]]
"""Finds out where the bytes are; asked again after a break, because a signed URL ends."""

_PIECE = 1 << 18


def download(locating: Locating, target: Path, progress: Progress | None, repeats: Repeats) -> Path:
    """Bring the bytes to `target`. After `repeats.most` breaks in a row that brought not one byte
    it raises Unreachable.
    """
    arriving = call(Arriving, target, progress)
    try:
        _bring(locating, arriving, repeats)
        return call(arriving.finish)
    finally:
        arriving.discard()


def _bring(locating: Locating, arriving: Arriving, repeats: Repeats) -> None:
    fruitless = 0
    while True:
        before = arriving.size
        try:
            return _go_on(locating, arriving)
        except Unreachable:
            if arriving.is_whole:
                return None
            fruitless = 0 if arriving.size > before else fruitless + 1
            wait = repeats.wait(fruitless, None)
            if wait is None:
                raise
        sleep(wait)


def _go_on(locating: Locating, arriving: Arriving) -> None:
    asking = locating()
    with asking(arriving.asked()) as answer:
        call(arriving.start, answer.status_code, answer.headers)
        for piece in answer.iter_raw(_PIECE):
            call(arriving.add, piece)
