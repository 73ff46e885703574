"""Runs the server for as long as this process holds the lock: starts it, waits until it serves,
starts it again when it dies, and stops it. Lives in one thread that lasts as long as the server.
"""

import os
import select
import shutil
import signal
import subprocess
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import structlog

from casekeep.db.embedded import asking, orphans, serverlog, sockets
from casekeep.db.embedded.asking import Answer, Passwords
from casekeep.db.embedded.cluster import ensure_cluster
from casekeep.db.embedded.locks import Lock
from casekeep.db.embedded.process import Server, start_postgres
from casekeep.db.errors import DatabaseNotUsable

START_SECONDS = 60.0
RECOVERY_SECONDS = 3600.0
_PROGRESS_SECONDS = 5.0
_POLL_SECONDS = 0.01
_LOOK_SECONDS = 60.0
_LONGEST_PAUSE = 5.0
_PATIENCE_FAST, _PATIENCE_IMMEDIATE = 60.0, 10.0
_LITTLE_SPACE = 32 << 20  # bytes

logger = structlog.get_logger()


class Leader:
    """The server under its lock. `insist`: nobody waits for the first start; keep trying."""

    def __init__(
        self, server: Server, sockets_in: Path, passwords: Passwords, lock: Lock, *, insist: bool
    ) -> None:
        self.ready: Future[None] = Future()
        self._server = server
        self._sockets = sockets_in
        self._passwords = passwords
        self._lock = lock
        self._insist = insist
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Keep the server running until `stop`; then let go of the lock. `ready` gets the result
        of the first start: a DatabaseNotUsable when it failed.
        """
        try:
            self._run()
        except Exception as error:  # noqa: BLE001 - whoever waits for `ready` raises it
            if self.ready.done():
                logger.critical("database.leader_failed", error=type(error).__name__)
            self._fail(error)
        finally:
            sockets.remove_folder(self._server.places, self._sockets)
            self._lock.close()
            self._fail(DatabaseNotUsable("the database server was stopped while it started"))

    def stop(self) -> None:
        """Begin a fast shutdown: running statements are cut off, what is committed stays."""
        self._stopping.set()
        child = self._child
        if child is not None:
            child.send_signal(signal.SIGINT)

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            served = False
            try:
                served = self._serve_once()
            except (DatabaseNotUsable, OSError) as error:
                if not self.ready.done() and not self._insist:
                    raise
                logger.error("database.start_failed", reason=str(error))  # noqa: TRY400 - the reason is told
            pause = 0.02 if served else min(2 * pause + 0.05, _LONGEST_PAUSE)

    def _serve_once(self) -> bool:
        """Start the server and stay with it until it ends; whether it served at all."""
        places = self._server.places
        sockets.ensure_folder(self._sockets, self._server.account)
        sockets.clear(self._sockets)
        ensure_cluster(self._server, self._sockets, self._passwords.superuser, self._lock.handle)
        orphans.drop_outdated_notes(places.cluster)
        logged = serverlog.size(places.log)
        child = start_postgres(self._server, self._sockets, self._lock.handle)
        self._child = child
        try:
            if not self._await_ready(child, logged):
                return False
            if not self.ready.done():
                self.ready.set_result(None)
            while not (_ends_within(child, _LOOK_SECONDS) or self._stopping.is_set()):
                serverlog.keep_small(places.log)
            if not self._stopping.is_set():
                logger.error("database.ended", status=child.returncode)
        finally:
            self._end(child)
        return True

    def _await_ready(self, child: "subprocess.Popen[bytes]", logged: int) -> bool:
        """Wait until it serves: a minute, and longer while it recovers from a crash. False when
        it is being stopped. Raises DatabaseNotUsable.
        """
        began = progress = time.monotonic()
        limit = START_SECONDS
        while not self._stopping.is_set():
            answer = asking.ask(self._sockets, self._passwords)
            if answer is Answer.READY:
                return True
            if child.poll() is not None:
                raise DatabaseNotUsable(self._why("ended while starting", logged))
            if answer is Answer.BARE:
                asking.set_up(self._sockets, self._passwords)
            now = time.monotonic()
            if answer is Answer.STARTING:
                limit = RECOVERY_SECONDS
                if now - progress > _PROGRESS_SECONDS:
                    logger.info("database.recovering", seconds=round(now - began))
                    progress = now
            if now - began > limit:
                raise DatabaseNotUsable(self._why(f"did not answer within {limit:.0f} s", logged))
            time.sleep(_POLL_SECONDS)
        return False

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        """See that no process of the server is left."""
        steps = ((signal.SIGINT, _PATIENCE_FAST), (signal.SIGQUIT, _PATIENCE_IMMEDIATE))
        for number, patience in steps:
            if child.poll() is None:
                child.send_signal(number)
                _ends_within(child, patience)
        if child.poll() is None:
            child.kill()
        child.wait()
        self._child = None
        orphans.end_orphans(self._server.places.cluster)

    def _why(self, what: str, logged: int) -> str:
        places = self._server.places
        little = ""
        with suppress(OSError):
            if shutil.disk_usage(places.cluster).free < _LITTLE_SPACE:
                little = f" The disk of {places.data} is full."
        lines = serverlog.last_lines(places.log, logged)
        return f"PostgreSQL in {places.cluster} {what}.{little} It said (in {places.log}):\n{lines}"

    def _fail(self, error: Exception) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)


def _ends_within(child: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Wait for a child's end without polling, where the kernel can tell (Linux 5.3)."""
    try:
        handle = os.pidfd_open(child.pid)
    except (AttributeError, OSError):
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
        return child.poll() is not None
    try:
        ended = select.poll()
        ended.register(handle, select.POLLIN)
        ended.poll(seconds * 1000)
    finally:
        os.close(handle)
    return child.poll() is not None
