"""Where the database is: at an external server's addresses, or at those of the embedded server that
this module starts, joins and stops. Addresses carry passwords and are never logged.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

from casekeep.db.embedded import asking
from casekeep.db.embedded.asking import Passwords
from casekeep.db.embedded.process import SUPERUSER
from casekeep.db.embedded.sockets import PORT
from casekeep.db.embedded.supervisor import Supervisor
from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.migrating import application_dsn_for
from casekeep.db.passwords import kept_password


@dataclass(frozen=True, slots=True)
class Addresses:
    """libpq URLs: of the schema's owner (for migrations only), of the application's role, and of
    the embedded server's superuser (None for an external server).
    """

    owner_dsn: str = field(repr=False)
    application_dsn: str = field(repr=False)
    superuser_dsn: str | None = field(default=None, repr=False)


class EmbeddedServer:
    """Casekeep's own PostgreSQL in the folder `data`. Any number of processes may use it: the first
    runs it, the others join. Leaving the `with` block stops it if this process runs it.
    """

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        """`durable=False` lets a power cut destroy the data: for tests only."""
        self._data = data
        self._durable = durable
        self._supervisor: Supervisor | None = None

    def start_or_join(self, keep: bool) -> Addresses:
        """Start the server or join the running one; returns when it serves.

        `keep`: this process stays for long, and runs the server on when the process that runs it
        leaves. Without it, a leader that leaves waits some seconds for us. Needs no event loop,
        and blocks: up to a minute, longer while a crash is recovered from.
        Raises DatabaseNotUsable with the reason and what to do.
        """
        supervisor = self._enter()
        passwords = asking.passwords_of(supervisor.places)
        return _addresses(supervisor.start_or_join(passwords, keep=keep), passwords)

    def join(self) -> Addresses:
        """The addresses of the server that another process runs, once it serves. Nothing is held,
        so there is nothing to stop. Raises DatabaseNotUsable.
        """
        supervisor = self._enter()
        passwords = asking.passwords_of(supervisor.places)
        return _addresses(supervisor.join(passwords), passwords)

    def stop(self) -> None:
        """Stop the server (a fast shutdown) if this process runs it; else leave it running."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _enter(self) -> Supervisor:
        self.stop()
        self._supervisor = Supervisor(self._data, durable=self._durable)
        return self._supervisor


def external_addresses(owner_url: str, application_url: str | None, secrets: Path) -> Addresses:
    """The addresses of a server that somebody else runs.

    `owner_url`: CASEKEEP_DATABASE_URL. `application_url`: CASEKEEP_DATABASE_APP_URL, empty or None
    to let the migration make the role `<database>_app`, with a password kept in the folder
    `secrets`. Raises DatabaseNotUsable for what is no URL of a database.
    """
    _check_url("CASEKEEP_DATABASE_URL", owner_url)
    if application_url:
        _check_url("CASEKEEP_DATABASE_APP_URL", application_url)
        return Addresses(owner_url, application_url)
    password = kept_password(secrets, "database-application")
    return Addresses(owner_url, application_dsn_for(owner_url, password))


def _check_url(setting: str, url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("postgresql", "postgres") or len(parts.path) <= 1:
        raise DatabaseNotUsable(
            f"{setting} must have the form postgresql://role:password@host:port/database"
        )


def _addresses(sockets_in: Path, passwords: Passwords) -> Addresses:
    owner = _url(sockets_in, asking.OWNER, passwords.owner, asking.DATABASE)
    return Addresses(
        owner,
        application_dsn_for(owner, passwords.application),
        _url(sockets_in, SUPERUSER, passwords.superuser, "postgres"),
    )


def _url(sockets_in: Path, role: str, password: str, database: str) -> str:
    host = quote(str(sockets_in), safe="/")
    return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={host}&port={PORT}"
