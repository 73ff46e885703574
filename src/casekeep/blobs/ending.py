"""Lets obstore's threads get out of Python before the interpreter ends: one that is still inside
then takes the whole process down with it (SIGABRT), after all was done.
"""

import atexit
import sys
import threading
import time
from functools import cache

_SECONDS = 5.0
_STEP = 0.01
_QUIET_STEPS = 5


@cache
def end_in_order() -> None:
    """See to it at the end of this process; asked for once, however often it is called."""
    atexit.register(_wait_for_threads)


def _wait_for_threads() -> None:
    """Until no thread but Python's own was seen inside Python for a while, or for some seconds."""
    quiet, until = 0, time.monotonic() + _SECONDS
    while quiet < _QUIET_STEPS and time.monotonic() < until:
        time.sleep(_STEP)  # lets go of the interpreter's lock, which they wait for
        inside = set(sys._current_frames())  # noqa: SLF001 - only it shows threads that are not Python's own  # pyright: ignore[reportPrivateUsage] - as before
        known = {thread.ident for thread in threading.enumerate()}
        quiet = 0 if inside - known else quiet + 1
