"""What is done to the tests that were found: those that need a database are marked, by the fixtures
they use, so that `make check` can leave them out; several processes begin with what takes long, and
share a file out as a whole.
"""

import os
import random
from collections import Counter

import pytest
from xdist.scheduler import LoadFileScheduling

LONG = (
    "tests/contract/test_schemathesis.py",
    "tests/contract/test_stranger.py",
    "tests/acceptance",
    "tests/faults",
    "tests/client",
    "tests/backups",
    "tests/cli",
    "tests/blobs/test_moving.py",
    "tests/blobs/test_misbehaving.py",
    "tests/webhooks/test_delivering.py",
    "tests/jobs/test_running.py",
    "tests/db",
)
"""Files and folders whose tests take long and mostly wait, the longest first. Begun last, they
would leave the other processes without work at the end.
"""

TOGETHER = ("tests/client",)
"""Folders whose files one process takes, since it starts a server for all of them."""

# What is left to chance is chosen alike by all processes of a run, which inherit this.
os.environ.setdefault("FAULT_SEED", str(random.SystemRandom().randrange(1 << 31)))

_NEEDS_A_SERVER = {"server_dsn", "test_server", "db", "moto", "rclone"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _NEEDS_A_SERVER & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
    if hasattr(config, "workerinput"):  # one of several processes of pytest-xdist
        tests = Counter(_file_of(item.nodeid) for item in items)
        items.sort(key=lambda item: place_of(_file_of(item.nodeid), tests))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> "Sharing":
    """Asked by the process that has the others work."""
    return Sharing(config, log)


class Sharing(LoadFileScheduling):
    """Shares the tests out by files and by the folders that stay together, in the order of LONG."""

    def _split_scope(self, nodeid: str) -> str:
        file = _file_of(nodeid)
        return next((each for each in TOGETHER if file.startswith(f"{each}/")), file)


def place_of(file: str, tests: Counter[str]) -> tuple[int, int, str]:
    """What files are ordered by: their place among the long ones, then how many tests they have."""
    long = (at for at, each in enumerate(LONG) if file == each or file.startswith(f"{each}/"))
    return next(long, len(LONG)), -tests[file], file


def _file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]
