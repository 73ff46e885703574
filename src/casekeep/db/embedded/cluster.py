"""Makes PostgreSQL's own folder, whole or not at all; refuses one that this version cannot use."""

import os
import secrets
import shutil
from pathlib import Path

from casekeep.db.embedded import process
from casekeep.db.embedded.account import has_name
from casekeep.db.embedded.process import Server
from casekeep.db.errors import DatabaseNotUsable
from casekeep.kernel.durability import sync_folder


def check_version(server: Server) -> None:
    """Raises DatabaseNotUsable for a cluster of another major version of PostgreSQL."""
    version = server.places.cluster / "PG_VERSION"
    try:
        found = version.read_text("ascii").strip()
    except FileNotFoundError:
        return
    if found != str(server.binaries.major):
        raise DatabaseNotUsable(
            f"{server.places.cluster} was made by PostgreSQL {found}, and this Casekeep brings "
            f"PostgreSQL {server.binaries.major}. Start the Casekeep that brings PostgreSQL "
            f"{found} (the version you ran last), dump the database there, and restore the dump "
            "into a new data folder; nothing has been changed."
        )


def ensure_cluster(server: Server, sockets_in: Path, superuser_password: str, hold: int) -> None:
    """Make the cluster if there is none. Only for the holder of the lock (its descriptor: `hold`).

    Raises DatabaseNotUsable.
    """
    places = server.places
    if (places.cluster / "PG_VERSION").exists():
        return
    if places.cluster.is_dir() and any(places.cluster.iterdir()):
        raise DatabaseNotUsable(
            f"{places.cluster} holds files but no PostgreSQL cluster; move it out of the way"
        )
    try:
        if places.unfinished.exists():
            shutil.rmtree(places.unfinished)  # an attempt that did not get to its end
        _make(server, sockets_in, superuser_password, hold)
    except OSError as error:
        raise DatabaseNotUsable(
            f"cannot make {places.cluster}: {error.strerror or error}"
        ) from error


def _make(server: Server, sockets_in: Path, superuser_password: str, hold: int) -> None:
    places, account = server.places, server.account
    if not has_name(account.uid):
        raise DatabaseNotUsable(
            f"the user {account.uid} has no name on this machine, and PostgreSQL's initdb wants "
            "one: add the user to /etc/passwd, run Casekeep as a user who is there, or let "
            "CASEKEEP_DATABASE_URL name a server"
        )
    places.unfinished.mkdir(mode=0o700)
    if account.is_other:
        os.chown(places.unfinished, account.uid, account.gid)
    # In the socket's folder, since that is private and within the account's reach.
    password_file = sockets_in / f".{secrets.token_hex(8)}"
    handle = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(superuser_password)
            if account.is_other:
                os.fchown(file.fileno(), account.uid, account.gid)
        process.run_initdb(server, places.unfinished, password_file, hold)
    finally:
        password_file.unlink()
    if places.cluster.is_dir():
        places.cluster.rmdir()
    places.unfinished.rename(places.cluster)
    sync_folder(places.data)
