"""Starts PostgreSQL's programs as children that cannot outlive us, as the account that runs them.
Knows nothing of when or why; see `leading`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from casekeep.db.embedded import serverlog, sockets
from casekeep.db.embedded.account import Account
from casekeep.db.embedded.binaries import Binaries
from casekeep.db.embedded.capacity import MAX_CONNECTIONS
from casekeep.db.embedded.places import Places
from casekeep.db.errors import DatabaseNotUsable
from casekeep.kernel.processes import ending_with

SUPERUSER = "postgres"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_SETTINGS = {
    "listen_addresses": "",
    "port": str(sockets.PORT),
    "unix_socket_permissions": "0700",
    "max_connections": str(MAX_CONNECTIONS),
    "shared_buffers": "128MB",
    "wal_compression": "on",
    "jit": "off",
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": "60s",
    "restart_after_crash": "on",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # A failed statement's text, detail and message can carry a patient's data: only what the
    # server says about itself is logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_THROWAWAY = {**_DURABLE, "fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Server:
    """What is needed to run this data folder's server. `durable`: False for throw-away data."""

    places: Places
    account: Account
    binaries: Binaries
    durable: bool = True


def start_postgres(server: Server, sockets_in: Path, hold: int) -> subprocess.Popen[bytes]:
    """Start the server. It holds the descriptor `hold` open (the lock) for as long as any of its
    processes lives, and is told to stop when the calling thread ends: call it from a lasting one.
    """
    settings = {
        **_SETTINGS,
        **(_DURABLE if server.durable else _THROWAWAY),
        "unix_socket_directories": str(sockets_in),
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    with _folder_for(server.account, server.places.cluster) as (folder, handles):
        return _start(server, ["postgres", "-D", folder, *options], (*handles, hold))


def run_initdb(server: Server, folder: Path, password_file: Path, hold: int) -> None:
    """Fill the empty `folder` with a new cluster; holds `hold` open like the server does.

    Raises DatabaseNotUsable.
    """
    # The builtin locale sorts the same on every machine, so that indexes survive a move.
    builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    libc = ["--locale=C.UTF-8"]
    arguments = [
        "initdb",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *(builtin if server.binaries.major >= 17 else libc),  # noqa: PLR2004 - where it came in
        "--data-checksums",
        "--no-instructions",
        *([] if server.durable else ["--no-sync"]),
    ]
    before = serverlog.size(server.places.log)
    with _folder_for(server.account, folder) as (name, handles):
        status = _start(server, [*arguments, "-D", name], (*handles, hold)).wait()
    if status != 0:
        lines = serverlog.last_lines(server.places.log, before)
        raise DatabaseNotUsable(f"PostgreSQL could not make {folder}:\n{lines}")


@contextmanager
def _folder_for(
    account: Account, folder: Path
) -> Generator[tuple[str, tuple[int, ...]], None, None]:
    """The name by which a child reaches `folder`, and descriptors that it needs for that. Another
    user may have no way into the folders above; an inherited descriptor needs none.
    """
    if not account.is_other or sys.platform != "linux":
        yield str(folder), ()
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}", (handle,)
    finally:
        os.close(handle)


def _start(server: Server, command: list[str], handles: tuple[int, ...]) -> subprocess.Popen[bytes]:
    log = serverlog.open_log(server.places.log)
    try:
        return subprocess.Popen(  # noqa: S603 - our own program and arguments
            [str(server.binaries.program(command[0])), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_ENVIRONMENT,
            pass_fds=handles,
            start_new_session=True,  # Ctrl-C in a terminal is for us; we stop the server in turn
            umask=0o077,
            # SIGINT is a fast shutdown. Runs after the change of user, which would clear the
            # setting. It calls no more than the C library: threads that hold locks do no harm.
            preexec_fn=ending_with(os.getpid(), signal.SIGINT),  # noqa: PLW1509 - see above
            **server.account.switch(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseNotUsable(
            f"cannot start {command[0]} of PostgreSQL as user {server.account.uid}: {error}"
        ) from error
    finally:
        os.close(log)
