"""Asks the server whether it serves, by a real connection, and makes its roles and its database.
Usable without an event loop, and from any thread.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from casekeep.db.embedded.places import Places
from casekeep.db.embedded.process import SUPERUSER
from casekeep.db.embedded.sockets import PORT
from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.passwords import kept_password

if TYPE_CHECKING:
    from casekeep.db.database import Connection

OWNER = "casekeep_owner"
DATABASE = "casekeep"
_SECONDS = 5.0


class Answer(Enum):
    """What a server said: nothing; that it is starting or recovering; that it serves but has not
    Casekeep's role or database yet; or that it is ready.
    """

    NONE = "none"
    STARTING = "starting"
    BARE = "bare"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of a data folder's server."""

    superuser: str = field(repr=False)
    owner: str = field(repr=False)
    application: str = field(repr=False)


def passwords_of(places: Places) -> Passwords:
    """Read the passwords; they are made if there are none. Raises DatabaseNotUsable."""
    return Passwords(
        kept_password(places.secrets, "database-superuser"),
        kept_password(places.secrets, "database-owner"),
        kept_password(places.secrets, "database-application"),
    )


def ask(sockets_in: Path, passwords: Passwords) -> Answer:
    """Connect as the owner of Casekeep's database; what came of it."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _ask(sockets_in, passwords)).result()


def set_up(sockets_in: Path, passwords: Passwords) -> None:
    """Make the owner's role and its database, as far as they are missing.

    Raises DatabaseNotUsable when the kept password is not the superuser's.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _set_up(sockets_in, passwords)).result()


async def _ask(sockets_in: Path, passwords: Passwords) -> Answer:
    try:
        connection = await _connect(sockets_in, OWNER, passwords.owner, DATABASE)
    except asyncpg.CannotConnectNowError:
        return Answer.STARTING
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError):
        return Answer.BARE
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
    ):
        return Answer.NONE
    except asyncpg.PostgresError:
        return Answer.BARE  # it is there and cannot take us, such as for want of free connections
    await connection.close()
    return Answer.READY


async def _set_up(sockets_in: Path, passwords: Passwords) -> None:
    try:
        connection = await _connect(sockets_in, SUPERUSER, passwords.superuser, "postgres")
        await _make_missing(connection, passwords)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise DatabaseNotUsable(
            "the kept passwords in the data folder's `secrets` are not those of its database; "
            "bring `secrets` and `postgres` back from the same backup"
        ) from error
    except (OSError, asyncpg.PostgresError) as error:
        raise DatabaseNotUsable(
            f"the database server could not be set up: {type(error).__name__}"
        ) from error


async def _make_missing(connection: "Connection", passwords: Passwords) -> None:
    try:
        await _make_owner(connection, passwords.owner)
        if not await connection.fetchval("select 1 from pg_database where datname = $1", DATABASE):
            await connection.execute(f"create database {DATABASE} owner {OWNER}")
    finally:
        await connection.close()


async def _make_owner(connection: "Connection", password: str) -> None:
    exists = await connection.fetchval("select 1 from pg_roles where rolname = $1", OWNER)
    verb = "alter" if exists else "create"
    await connection.execute(
        await connection.fetchval(
            f"select format('{verb} role {OWNER} with login createrole password %L', $1::text)",
            password,
        )
    )


async def _connect(sockets_in: Path, role: str, password: str, database: str) -> "Connection":
    return await asyncpg.connect(
        host=str(sockets_in),
        port=PORT,
        user=role,
        password=password,
        database=database,
        timeout=_SECONDS,
        server_settings={"application_name": "casekeep supervisor"},
    )
