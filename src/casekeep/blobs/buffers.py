"""Buffers of a segment each, used again and again: to have the system hand out a new one for every
segment would take longer than to seal it.
"""

from casekeep.blobs.sealing.segments import SEGMENT

_KEPT = 8


class Buffers:
    """Hands buffers out and takes them back. For one event loop; what is in a buffer means nothing
    to whoever takes it.
    """

    def __init__(self) -> None:
        self._free: list[bytearray] = []

    def take(self) -> bytearray:
        """A buffer of SEGMENT bytes, which is nobody else's until it is given back."""
        return self._free.pop() if self._free else bytearray(SEGMENT)

    def give_back(self, buffer: bytearray) -> None:
        """Let others use a buffer, which nothing may look into any more. A few are kept."""
        if len(self._free) < _KEPT:
            self._free.append(buffer)
