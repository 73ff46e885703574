"""Every moment at which something becomes lasting, or is about to: a write, a sync, a new name, a
removal, a commit. A process that has `armed` them ends itself or its database at one of them.
"""

import functools
import inspect
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from asyncpg.transaction import Transaction

Victim = Literal["process", "database"]

_LARGE = 64 * 1024
"""Bytes of a write that counts: smaller ones are of logs and pipes."""


class Points:
    """Counts the moments that are reached, and strikes at one of them."""

    def __init__(self, strike_at: int, victim: Victim, postmaster: int) -> None:
        """`strike_at`: the number of the moment, from 1; 0 strikes never."""
        self.reached: list[str] = []
        self._strike_at = strike_at
        self._strike = _end_this_process if victim == "process" else _end_a_backend_of(postmaster)

    def arm(self) -> None:
        """Watch from now on. It is for a process that does nothing else, and is never undone."""
        for name in ("fsync", "rename", "replace", "unlink"):
            setattr(os, name, self._around(name, getattr(os, name)))
        setattr(os, "write", self._around_writes(os.write))  # noqa: B010 - as the others
        Transaction.commit = self._around("commit", Transaction.commit)

    def _reach(self, moment: str) -> None:
        self.reached.append(moment)
        if len(self.reached) == self._strike_at:
            self._strike()

    def _around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(work):

            @functools.wraps(work)
            async def watched_coroutine(*args: Any, **more: Any) -> Any:
                self._reach(f"before {name}")
                result = await work(*args, **more)
                self._reach(f"after {name}")
                return result

            return watched_coroutine

        @functools.wraps(work)
        def watched(*args: Any, **more: Any) -> Any:
            self._reach(f"before {name}")
            result = work(*args, **more)
            self._reach(f"after {name}")
            return result

        return watched

    def _around_writes(self, write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def watched(file: int, data: Any) -> int:
            if len(data) < _LARGE:
                return write(file, data)
            self._reach("before write")
            half = write(file, memoryview(data)[: len(data) // 2])
            self._reach("half-way through write")
            return half  # whoever writes goes on with the rest

        return watched


def _end_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _end_a_backend_of(postmaster: int) -> Callable[[], None]:
    """PostgreSQL takes one that is killed for a crash: it ends all others, and recovers."""

    def strike() -> None:
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        serving = [
            pid for pid in children if b"casekeep" in _command(pid) or b"_app" in _command(pid)
        ]
        os.kill(int(serving[-1]), signal.SIGKILL)

    return strike


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
