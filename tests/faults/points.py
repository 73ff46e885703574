"""Every moment at which something becomes lasting, or is about to: a write, a sync, a new name, a
removal, a commit, an object that is put, a step of the queue. A process that has `armed` them ends
itself or its database at one of them.
"""

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import obstore
from asyncpg.transaction import Transaction
from pgqueuer.db import AsyncpgDriver

Victim = Literal["process", "backend", "postmaster"]
VICTIMS: tuple[Victim, ...] = ("process", "backend", "process", "postmaster")
"""In turn: half of the strikes end a process of Casekeep's, half its database."""

_LARGE = 64 * 1024
"""Bytes of a write that counts: smaller ones are of logs and pipes."""
_COMMIT = "_Transaction__commit"
"""What `commit` and the end of an `async with` both call."""


class Points:
    """Counts the moments that are reached, and strikes at one of them."""

    def __init__(self, strike_at: int, strike: Callable[[], None]) -> None:
        """`strike_at`: the number of the moment, from 1; 0 strikes never."""
        self.reached: list[str] = []
        self._strike_at = strike_at
        self._strike = strike

    def arm(self) -> None:
        """Watch from now on. It is for a process that does nothing else, and is never undone."""
        for name in ("fsync", "rename", "replace", "unlink"):
            setattr(os, name, self._around(name, getattr(os, name)))
        setattr(os, "write", self._around_writes(os.write))  # noqa: B010 - as the others
        setattr(Transaction, _COMMIT, self._around_async("commit", getattr(Transaction, _COMMIT)))
        for name in ("put_async", "copy_async", "delete_async"):
            setattr(obstore, name, self._around_async(name, getattr(obstore, name)))
        for name in ("fetch", "execute"):
            watched = self._around_async(f"queue {name}", getattr(AsyncpgDriver, name))
            setattr(AsyncpgDriver, name, watched)

    def _reach(self, moment: str) -> None:
        self.reached.append(moment)
        if len(self.reached) == self._strike_at:
            self._strike()

    def _around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def watched(*args: Any, **more: Any) -> Any:
            self._reach(f"before {name}")
            result = work(*args, **more)
            self._reach(f"after {name}")
            return result

        return watched

    def _around_async(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Also for what is written in another language, and says of itself that it is no
        coroutine.
        """

        async def watched(*args: Any, **more: Any) -> Any:
            self._reach(f"before {name}")
            result = await work(*args, **more)
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


def strike_on(victim: Victim, cluster: str, dsn: str) -> Callable[[], None]:
    """What ends the victim: this process; a process of the server that serves the database of
    `dsn`, which PostgreSQL takes for a crash, so that it ends all others and recovers; or the
    server as a whole, at once, as before a power cut. `cluster`: the server's folder.
    """
    if victim == "process":
        return lambda: os.kill(os.getpid(), signal.SIGKILL)
    if victim == "postmaster":
        return lambda: os.kill(postmaster(cluster), signal.SIGQUIT)
    return functools.partial(_end_a_backend, cluster, f" {urlsplit(dsn).path[1:]} ".encode())


def postmaster(cluster: str) -> int:
    """The process that runs the server in this folder now; after its death it is another."""
    return int((Path(cluster) / "postmaster.pid").read_text().split()[0])


def _end_a_backend(cluster: str, serving: bytes) -> None:
    leader = postmaster(cluster)
    children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
    found = [int(pid) for pid in children if serving in _command(pid)]
    if found:
        os.kill(found[-1], signal.SIGKILL)
    else:  # nobody is served at this moment, but somebody will be
        os.kill(leader, signal.SIGQUIT)


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
