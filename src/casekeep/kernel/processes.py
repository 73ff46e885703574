"""Ties the life of a process to its parent's, so that nothing we start can outlive us unnoticed."""

import ctypes
import os
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def ending_with(parent: int, signal_number: int) -> Callable[[], None] | None:
    """What a child calls to get a signal when the thread that started it ends (prctl(2)); a child
    whose parent is not process `parent` any more ends at once. None where there is no such thing:
    on anything but Linux.

    Calls no more than the C library, so it may run between fork and exec.
    """
    if sys.platform != "linux":
        return None
    prctl, getppid, leave = ctypes.CDLL(None).prctl, os.getppid, os._exit
    what, told = _PR_SET_PDEATHSIG, int(signal_number)

    def end_with_parent() -> None:
        prctl(what, told)
        if getppid() != parent:
            leave(1)  # it ended before we asked

    return end_with_parent
