"""One process's part in running the data folder's server: it leads (runs the server), joins one
that another process runs, or stands by to lead when that process leaves. Handles no signals.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from casekeep.db.embedded import asking, orphans, sockets
from casekeep.db.embedded.account import account_for
from casekeep.db.embedded.asking import Answer, Passwords
from casekeep.db.embedded.binaries import find_binaries
from casekeep.db.embedded.cluster import check_version
from casekeep.db.embedded.copying import reachable
from casekeep.db.embedded.guests import Guests
from casekeep.db.embedded.leading import RECOVERY_SECONDS, START_SECONDS, Leader
from casekeep.db.embedded.locks import Lock
from casekeep.db.embedded.places import Places
from casekeep.db.embedded.process import Server
from casekeep.db.errors import DatabaseNotUsable

_POLL_SECONDS = 0.02
_ORPHANS_AFTER = 2.0
_GUESTS_SECONDS = 10.0

logger = structlog.get_logger()


class Supervisor:
    """See `casekeep.db.addresses.EmbeddedServer`, which is the door to this."""

    def __init__(self, data: Path, *, durable: bool) -> None:
        self.places = Places(_made(data))
        account = account_for(self.places)
        binaries = reachable(find_binaries(), account)
        self._server = Server(self.places, account, binaries, durable)
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._leader: Leader | None = None
        self._thread: threading.Thread | None = None
        self._guests = Guests(self.places)
        self.sockets_in: Path | None = None

    def start_or_join(self, passwords: Passwords, *, keep: bool) -> Path:
        """Lead or join; the socket's folder once the server serves. Raises DatabaseNotUsable."""
        check_version(self._server)
        lock = Lock(self.places.lock)
        try:
            if not self._joins(lock, passwords, keep=keep):
                return self._lead(lock, passwords)
        except BaseException:
            lock.close()
            raise
        lock.close()
        assert self.sockets_in is not None  # noqa: S101 - that is what joining means
        if keep:
            self._start(self._stand_by, passwords)
        return self.sockets_in

    def join(self, passwords: Passwords) -> Path:
        """Wait for a server that another process runs. Raises DatabaseNotUsable."""
        if not self._joins(None, passwords, keep=True):
            raise DatabaseNotUsable(f"no database server runs in {self.places.data}")
        assert self.sockets_in is not None  # noqa: S101 - that is what joining means
        return self.sockets_in

    def stop(self) -> None:
        """Leave; as the leader, stop the server, after its guests have left (within seconds)."""
        with self._changing:
            self._stopping.set()
            leader = self._leader
        try:
            if leader is not None:
                self._guests.see_off(_GUESTS_SECONDS)
                self._end(leader)
        finally:
            self._guests.leave()

    def _end(self, leader: Leader) -> None:
        leader.stop()
        if self._thread is not None:
            self._thread.join()

    def _joins(self, lock: Lock | None, passwords: Passwords, *, keep: bool) -> bool:
        """Wait until we have joined (True) or hold the lock (False)."""
        began, limit = time.monotonic(), START_SECONDS
        while lock is None or not lock.take():
            answer = self._knock(passwords, keep=keep)
            if answer is Answer.READY:
                return True
            waited = time.monotonic() - began
            if answer is Answer.STARTING:
                limit = RECOVERY_SECONDS
            if waited > _ORPHANS_AFTER and answer is Answer.NONE:
                self._end_orphans()
            if waited > limit:
                raise DatabaseNotUsable(
                    f"another process runs the database in {self.places.data}, but it has not "
                    f"answered within {limit:.0f} s; see {self.places.log}"
                )
            time.sleep(_POLL_SECONDS)
        self._guests.leave()
        return False

    def _knock(self, passwords: Passwords, *, keep: bool) -> Answer:
        if not keep and not self._guests.enter():
            return Answer.BARE  # its leader is waiting for the last guests to leave
        notes = orphans.postmaster_notes(self.places.cluster)
        folder = Path(notes[4]) if len(notes) > 4 else None  # noqa: PLR2004 - as documented there
        if folder is None or not sockets.is_private(folder, self._server.account):
            return Answer.NONE
        answer = asking.ask(folder, passwords)
        if answer is Answer.READY:
            self.sockets_in = folder
        return answer

    def _lead(self, lock: Lock, passwords: Passwords) -> Path:
        folder = sockets.choose_folder(self.places, self._server.account)
        self.sockets_in = folder
        leader = Leader(self._server, folder, passwords, lock, insist=False)
        self._leader = leader
        self._start(leader.run)
        try:
            leader.ready.result()
        except OSError as error:
            raise DatabaseNotUsable(
                f"the database in {self.places.data} cannot be started: {error.strerror}"
            ) from error
        finally:
            if not leader.ready.done() or leader.ready.exception() is not None:
                self._end(leader)
                self._leader = None
        return folder

    def _stand_by(self, passwords: Passwords) -> None:
        """Take over when the leader leaves, at the same address."""
        lock = Lock(self.places.lock)
        lock.wait()
        with self._changing:
            if self._stopping.is_set() or self.sockets_in is None:
                lock.close()
                return
            leader = Leader(self._server, self.sockets_in, passwords, lock, insist=True)
            self._leader = leader
        logger.info("database.taken_over")
        leader.run()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        self._thread = threading.Thread(
            target=work, args=arguments, name="casekeep database", daemon=True
        )
        self._thread.start()

    def _end_orphans(self) -> None:
        """A busy process of a killed server can hold the lock for long, and serves nobody. Looks
        twice, since a server that is just starting has no notes yet.
        """
        cluster = self.places.cluster
        if orphans.postmaster(cluster) is None and (seen := orphans.processes_in(cluster)):
            time.sleep(1)
            if orphans.postmaster(cluster) is None and seen & orphans.processes_in(cluster):
                orphans.end_orphans(cluster)


def _made(data: Path) -> Path:
    """The real path of the data folder, which is made if it is missing."""
    try:
        if not data.exists():
            data.parent.mkdir(parents=True, exist_ok=True)
            # Root's server runs as another user, who has to get through to its own folder.
            with suppress(FileExistsError):
                data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
        if not data.is_dir():
            raise DatabaseNotUsable(f"the data folder {data} is not a folder")
        return data.resolve(strict=True)
    except OSError as error:
        raise DatabaseNotUsable(
            f"the data folder {data} cannot be made: {error.strerror}"
        ) from error
