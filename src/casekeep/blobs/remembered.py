"""A few things remembered for a short time: the least used are forgotten first, and all of them
soon, so that what was destroyed elsewhere does not live on here.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """At most `most` values, each for at most `seconds`. For one event loop."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What is remembered of `key`, if anything."""
        found = self._values.get(key)
        if found is None:
            return None
        until, value = found
        if until < asyncio.get_running_loop().time():
            del self._values[key]
            return None
        self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember `value` from now on."""
        self._values[key] = (asyncio.get_running_loop().time() + self._seconds, value)
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, key: K) -> None:
        """Remember nothing of `key`."""
        self._values.pop(key, None)
