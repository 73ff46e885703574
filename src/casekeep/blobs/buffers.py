"""Buffers of a segment each, used again and again: to have the system hand out a new one for every
segment would take longer than to seal it. They begin where a page of memory does, so that a disk
can take what is in them as it is.
"""

import mmap

from casekeep.blobs.sealing.segments import SEGMENT

_KEPT = 8


class Buffers:
    """Hands buffers out and takes them back. For one event loop; what is in a buffer means nothing
    to whoever takes it.
    """

    def __init__(self) -> None:
        self._free: list[mmap.mmap] = []

    def take(self) -> mmap.mmap:
        """A buffer of SEGMENT bytes, which is nobody else's until it is given back."""
        return self._free.pop() if self._free else _new()

    def give_back(self, buffer: mmap.mmap) -> None:
        """Let others use a buffer, which nothing may look into any more. A few are kept."""
        if len(self._free) < _KEPT:
            self._free.append(buffer)


def _new() -> mmap.mmap:
    return mmap.mmap(-1, SEGMENT, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
