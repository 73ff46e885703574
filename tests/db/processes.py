"""Starts other processes on a data folder, and looks at the server from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from casekeep.db.embedded import orphans

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds that a test waits for what takes a fraction of one."""


class Peer:
    """A process that runs `tests.db.peer`."""

    def __init__(self, folder: Path, *, keep: bool, user: int | None = None) -> None:
        how = ["keep" if keep else "visit", *([] if user is None else [str(user)])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.db.peer", str(folder), *how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def said(self) -> dict[str, Any]:
        """What it says once it has started or failed."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def let_go(self) -> None:
        """Let it leave in good order."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def leave(self) -> int:
        """Let it leave, and wait until it has; its exit status."""
        self.let_go()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def peer(folder: Path, *, keep: bool = False, user: int | None = None) -> Iterator[Peer]:
    started = Peer(folder, keep=keep, user=user)
    try:
        yield started
    finally:
        started.close()


def cluster(folder: Path) -> Path:
    return folder.resolve() / "postgres"


def postmaster(folder: Path) -> int:
    found = orphans.postmaster(cluster(folder))
    assert found is not None, "no server runs"
    return found


def wait_until_gone(folder: Path) -> None:
    """Until no process of the server is left."""
    give_up = time.monotonic() + PATIENCE
    while orphans.processes_in(cluster(folder)):
        assert time.monotonic() < give_up, "the server still runs"
        time.sleep(0.005)


async def run(dsn: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


async def wait_for(dsn: str, sql: str) -> tuple[list[asyncpg.Record], float]:
    """The rows of a statement, as soon as the server answers, and how many seconds that took."""
    began = time.monotonic()
    while True:
        try:
            return await run(dsn, sql), time.monotonic() - began
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() - began < PATIENCE, "the server did not come back"
            time.sleep(0.002)  # noqa: ASYNC251 - nothing else runs in this loop


def measured(what: str, seconds: float) -> None:
    """Shown by `pytest -s`; how long is not asserted, machines differ."""
    sys.stdout.write(f"{what}: {seconds:.3f} s\n")


def is_root() -> bool:
    return os.geteuid() == 0
