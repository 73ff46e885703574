"""A process ends when no thread that is not Python's own is inside Python any more."""

import _thread
import threading

from casekeep.blobs import ending


def test_it_waits_for_a_thread_that_nobody_knows() -> None:
    go_on, left = threading.Event(), threading.Event()

    def stay() -> None:
        go_on.wait(0.3)
        left.set()

    _thread.start_new_thread(stay, ())
    ending._wait_for_threads()
    assert left.is_set()
