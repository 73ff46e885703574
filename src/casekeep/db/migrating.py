"""Brings a database to this version's schema, and makes the role that the application uses.

Migrations run as the owner; the application connects as a login role that owns nothing and cannot
bypass row-level security. Runs under an advisory lock, so that servers may start side by side.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg
from pogo_core.util import migrate, sql

from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.passwords import new_password

if TYPE_CHECKING:
    from casekeep.db.database import Connection

GROUP_ROLE = "casekeep_application"
__all__ = [
    "GROUP_ROLE",
    "DatabaseNotUsable",
    "Migrated",
    "application_dsn_for",
    "check_application_role",
    "migrate_database",
    "migrations_folder",
    "new_password",
]
_LOCK = 7_205_919_443_061
_OLDEST_SUPPORTED = 150_000


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration run did: names of the migrations applied, oldest first."""

    applied: tuple[str, ...]


def migrations_folder() -> Path:
    """Where the numbered SQL files are: in the installed package, or in the source tree."""
    installed = Path(__file__).parents[1] / "_migrations"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "migrations"


async def migrate_database(owner_dsn: str, application_dsn: str | None) -> Migrated:
    """Apply what is missing, as the owner, and make the application's login role if it is absent.

    `application_dsn`: None when an administrator keeps that role by hand.
    Raises DatabaseNotUsable when the server is too old or the owner may not do its part.
    """
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        return await _migrate(connection, application_dsn)
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseNotUsable(
            "the role of CASEKEEP_DATABASE_URL may not change the schema or make roles; let it "
            f"own the database and have CREATEROLE ({error.sqlstate})"
        ) from error
    finally:
        await connection.close()


async def _migrate(connection: "Connection", application_dsn: str | None) -> Migrated:
    if int(await connection.fetchval("show server_version_num")) < _OLDEST_SUPPORTED:
        raise DatabaseNotUsable("Casekeep needs PostgreSQL 15 or newer")
    await _ensure_group_role(connection)
    before = await _applied(connection)
    await migrate.apply(connection, migrations_folder(), schema_name="public")
    if application_dsn is not None:
        await _ensure_login_role(connection, application_dsn)
    return Migrated(tuple(sorted(await _applied(connection) - before)))


async def _applied(connection: "Connection") -> set[str]:
    await sql.ensure_pogo_sync(connection)
    return await sql.get_applied_migrations(connection, schema_name="public")


async def _ensure_group_role(connection: "Connection") -> None:
    if not await connection.fetchval("select 1 from pg_roles where rolname = $1", GROUP_ROLE):
        await connection.execute(f"create role {GROUP_ROLE} nologin")


async def _ensure_login_role(connection: "Connection", application_dsn: str) -> None:
    parts = urlsplit(application_dsn)
    role, password = unquote(parts.username or ""), unquote(parts.password or "")
    exists = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
    verb = "alter" if exists else "create"
    statement = await connection.fetchval(
        f"select format('{verb} role %I with login nosuperuser nocreatedb nocreaterole "
        "nobypassrls noreplication password %L', $1::text, $2::text)",
        role,
        password,
    )
    await connection.execute(statement)
    grant = await connection.fetchval(f"select format('grant {GROUP_ROLE} to %I', $1::text)", role)
    await connection.execute(grant)


def application_dsn_for(owner_dsn: str, password: str) -> str:
    """The login of the application for the database of `owner_dsn`: `<database>_app`."""
    parts = urlsplit(owner_dsn)
    role = f"{unquote(parts.path.lstrip('/')) or 'casekeep'}_app"
    address = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{address}"
    return urlunsplit(parts._replace(netloc=netloc))


async def check_application_role(application_dsn: str) -> None:
    """Refuse a role that could see over the tenant wall.

    Raises DatabaseNotUsable when it is a superuser, may bypass row-level security or owns a table.
    """
    connection = await asyncpg.connect(application_dsn)
    try:
        row = await connection.fetchrow(
            """select rolsuper or rolbypassrls as bypasses,
                      exists (select 1 from pg_class c join pg_namespace n on n.oid = relnamespace
                              where nspname = 'public' and pg_has_role(relowner, 'member')) as owns
               from pg_roles where rolname = current_user"""
        )
    finally:
        await connection.close()
    if row is None or row["bypasses"] or row["owns"]:
        raise DatabaseNotUsable(
            "the application's database role owns tables or bypasses row-level security; "
            "CASEKEEP_DATABASE_APP_URL must name a role that does neither"
        )
