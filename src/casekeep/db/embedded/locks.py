"""Locks between processes that share a data folder. The kernel drops them when a process ends,
however it ends, so that none is ever left behind.
"""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from casekeep.db.embedded.account import user_name
from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.passwords import give_to_owner_of


class Lock:
    """A lock on a file, held by one (`take`, `wait`) or by any number together (`share`)."""

    def __init__(self, path: Path) -> None:
        """Raises DatabaseNotUsable when the file cannot be made."""
        try:
            is_new = not path.exists()
            self.handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if is_new:
                give_to_owner_of(path.parent, path)
        except OSError as error:
            raise DatabaseNotUsable(_explain(path, error)) from error

    def take(self) -> bool:
        """Try to hold it alone; whether we do."""
        return self._try(fcntl.LOCK_EX)

    def share(self) -> bool:
        """Try to hold it together with others; whether we do."""
        return self._try(fcntl.LOCK_SH)

    def wait(self) -> None:
        """Hold it alone, as soon as nobody else does."""
        fcntl.flock(self.handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """Let go of it for good, unless a child that holds the descriptor lives on."""
        with suppress(OSError):
            os.close(self.handle)

    def _try(self, how: int) -> bool:
        try:
            fcntl.flock(self.handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _explain(path: Path, error: OSError) -> str:
    if error.errno == errno.EROFS:
        return f"the data folder {path.parent} is on a read-only disk"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk of the data folder {path.parent} is full"
    if error.errno in (errno.EACCES, errno.EPERM):
        owner = user_name(path.parent.stat().st_uid)
        return (
            f"{user_name(os.geteuid())} may not write to the data folder {path.parent}, which "
            f"belongs to {owner}. Start Casekeep as {owner}, or hand the whole folder over: "
            f"sudo chown -R {user_name(os.geteuid())} {path.parent}"
        )
    return f"the data folder {path.parent} cannot be used: {error.strerror}"
