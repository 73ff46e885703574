"""The server's log file: PostgreSQL writes into it directly, so that it goes on without us, and it
is kept from growing without end. What is written there is decided by `process.settings`.
"""

import os
import shutil
from pathlib import Path

from casekeep.db.passwords import give_to_owner_of

_LARGEST = 10 << 20  # bytes
_TAIL_BYTES = 8192
_TAIL_LINES = 8


def open_log(path: Path) -> int:
    """A descriptor for a child's output. It appends, also after the file has been cut."""
    keep_small(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    give_to_owner_of(path.parent, path)
    return handle


def keep_small(path: Path) -> None:
    """Set a large log aside as `….1`, one generation. The writer keeps its descriptor, so the file
    is copied and cut; a line written in between is lost.
    """
    try:
        if path.stat().st_size < _LARGEST:
            return
        older = path.with_name(f"{path.name}.1")
        shutil.copyfile(path, older)
        older.chmod(0o600)
        give_to_owner_of(path.parent, older)
        os.truncate(path, 0)
    except OSError:
        return  # a log that cannot be cut is no reason to stop serving


def size(path: Path) -> int:
    """Bytes in the log, 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def last_lines(path: Path, since: int) -> str:
    """The last lines written after the first `since` bytes, for an error's text."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= end else 0, end - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-_TAIL_LINES:])
