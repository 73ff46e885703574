"""Where the embedded server keeps things in the data folder. Names only; it makes nothing."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """The paths below one data folder, which is given by its real path."""

    data: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder."""
        return self.data / "postgres"

    @property
    def unfinished(self) -> Path:
        """A cluster that is being made; it gets its name when it is complete."""
        return self.data / "postgres.new"

    @property
    def log(self) -> Path:
        """What the server says; see `casekeep.db.embedded.serverlog`."""
        return self.data / "postgres.log"

    @property
    def lock(self) -> Path:
        """Whoever holds the lock on this file runs the server."""
        return self.data / "postgres.lock"

    @property
    def guests(self) -> Path:
        """Short-lived processes that use the server share a lock on this file."""
        return self.data / "postgres.guests"

    @property
    def door(self) -> Path:
        """Closed by a lock while the leader is leaving; guests pass it on their way in."""
        return self.data / "postgres.door"

    @property
    def sockets(self) -> Path:
        """The folder of the server's socket, where the path is short enough for one."""
        return self.data / "postgres.socket"

    @property
    def secrets(self) -> Path:
        """The folder of the passwords."""
        return self.data / "secrets"
