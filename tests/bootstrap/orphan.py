"""Starts a server process as the server does, and is gone before that has looked around.

Usage: python -m tests.bootstrap.orphan
"""

import multiprocessing
import os
import sys
import time

from casekeep.bootstrap.application import application


def outlive() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    while os.getppid() == parent.pid:
        time.sleep(0.01)
    application()
    sys.stdout.write("still here")
    sys.stdout.flush()


if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=outlive).start()
    os._exit(0)
