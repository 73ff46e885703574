"""Server processes whose postmaster was killed: they may work on for a while and keep the next
server from starting. Looks at processes by their working folder, which is always the cluster's.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_PATIENCE = 2.0  # seconds


def processes_in(cluster: Path) -> set[int]:
    """Ids of PostgreSQL's processes in the cluster's folder (Linux; elsewhere none is found)."""
    return {int(each.name) for each in Path("/proc").glob("[0-9]*") if _works_in(each, cluster)}


def end_orphans(cluster: Path) -> None:
    """End what a killed postmaster left; nothing, if there is one.

    Recovery handles the rest, as after any crash: what was not committed is gone.
    """
    if postmaster(cluster) is not None:
        return
    give_up = time.monotonic() + _PATIENCE
    left = processes_in(cluster)
    _signal(left, signal.SIGQUIT)
    while left and time.monotonic() < give_up:
        time.sleep(0.01)
        left = processes_in(cluster)
    _signal(left, signal.SIGKILL)


def postmaster_notes(cluster: Path) -> list[str]:
    """The lines of PostgreSQL's `postmaster.pid`: process id, …, [4] the socket's folder, …"""
    try:
        return (cluster / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def postmaster(cluster: Path) -> int | None:
    """The id of the running server that the notes name; None if they are out of date."""
    notes = postmaster_notes(cluster)
    pid = abs(int(notes[0])) if notes and notes[0].lstrip("-").isdigit() else 0
    return pid if pid and _works_in(Path("/proc") / str(pid), cluster) else None


def drop_outdated_notes(cluster: Path) -> None:
    """Remove notes that name some other, newer process: PostgreSQL would take it for a server.

    Only for the holder of the lock, which every process of the server holds as well.
    """
    if Path("/proc/self/cwd").exists() and postmaster(cluster) is None:
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _works_in(process: Path, cluster: Path) -> bool:
    try:
        is_postgres = (process / "comm").read_text().strip() == "postgres"
        return is_postgres and (process / "cwd").samefile(cluster)
    except OSError:
        return False


def _signal(processes: set[int], number: signal.Signals) -> None:
    for each in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each, number)
