"""Brings a database to this version's schema, and makes the role that the application uses.

Migrations run as the owner; the application connects as a login role that owns nothing and cannot
bypass row-level security. Runs under an advisory lock, so that servers may start side by side.
"""

import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg
from pogo_core.error import BadMigrationError
from pogo_core.util import migrate, sql

from casekeep.db.errors import DatabaseNotUsable

if TYPE_CHECKING:
    from casekeep.db.database import Connection

_LOCK = 7_205_919_443_061
_OLDEST_SUPPORTED = 150_000
_CREDENTIALS = frozenset({"user", "password", "passfile"})


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration run did: names of the migrations applied, oldest first."""

    applied: tuple[str, ...]


def migrations_folder() -> Path:
    """Where the numbered SQL files are: in the installed package, or in the source tree."""
    installed = Path(__file__).parents[1] / "_migrations"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "migrations"


async def migrate_database(
    owner_dsn: str, application_dsn: str | None, *, only: Collection[str] | None = None
) -> Migrated:
    """Apply what is missing, as the owner, and make the application's login role if it is absent.

    `application_dsn`: None when an administrator keeps that role by hand. `only`: names of the
    migrations to stop with, for a schema of an earlier day.
    Raises DatabaseNotUsable when the server is away or too old, or the owner may not do its part.
    """
    connection = await _connect("CASEKEEP_DATABASE_URL", owner_dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        return await _migrate(connection, application_dsn, only)
    except asyncpg.InsufficientPrivilegeError as error:
        raise _not_permitted(error) from error
    except BadMigrationError as error:
        if isinstance(error.__cause__, asyncpg.InsufficientPrivilegeError):
            raise _not_permitted(error.__cause__) from error
        raise
    finally:
        await connection.close()


def _not_permitted(error: asyncpg.PostgresError) -> DatabaseNotUsable:
    return DatabaseNotUsable(
        "the role of CASEKEEP_DATABASE_URL may not change the schema or make roles; let it "
        f"own the database and have CREATEROLE ({error.sqlstate})"
    )


async def _connect(setting: str, dsn: str) -> "Connection":
    """Raises DatabaseNotUsable, with a text that shows nothing of the URL."""
    try:
        return await asyncpg.connect(dsn)
    except asyncpg.PostgresError as error:
        raise DatabaseNotUsable(
            f"the database server refuses the connection of {setting}: "
            f"{type(error).__name__} ({error.sqlstate})"
        ) from error
    except (OSError, TimeoutError) as error:
        raise DatabaseNotUsable(
            f"the database server of {setting} cannot be reached: {type(error).__name__}"
        ) from error
    except (asyncpg.InterfaceError, ValueError) as error:
        raise DatabaseNotUsable(f"{setting} is not a URL of PostgreSQL") from error


async def _migrate(
    connection: "Connection", application_dsn: str | None, only: Collection[str] | None
) -> Migrated:
    if int(await connection.fetchval("show server_version_num")) < _OLDEST_SUPPORTED:
        raise DatabaseNotUsable("Casekeep needs PostgreSQL 15 or newer")
    await _ensure_group_role(connection)
    before = await _applied(connection)
    await _apply(connection, only)
    if application_dsn is not None:
        await _ensure_login_role(connection, application_dsn)
    return Migrated(tuple(sorted(await _applied(connection) - before)))


async def _apply(connection: "Connection", only: Collection[str] | None) -> None:
    """The runner applies whatever lies in a folder; a part of it is copied to one of its own."""
    if only is None:
        await migrate.apply(connection, migrations_folder(), schema_name="public")
        return
    with tempfile.TemporaryDirectory(prefix="casekeep-migrations-") as folder:
        for name in only:
            shutil.copy(migrations_folder() / f"{name}.sql", folder)
        await migrate.apply(connection, Path(folder), schema_name="public")


def known_migrations() -> set[str]:
    """The names of the migrations that this version has."""
    return {path.stem for path in migrations_folder().glob("*.sql")}


async def _applied(connection: "Connection") -> set[str]:
    await sql.ensure_pogo_sync(connection)
    return await sql.get_applied_migrations(connection, schema_name="public")


async def _has_role(connection: "Connection", role: str) -> bool:
    found = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
    return found is not None


async def _ensure_group_role(connection: "Connection") -> None:
    """The group that the migrations grant to; the application's login is a member."""
    group = await _group_role(connection)
    if not await _has_role(connection, group):
        statement = "select format('create role %I nologin', $1::text)"
        await connection.execute(await connection.fetchval(statement, group))


async def _group_role(connection: "Connection") -> str:
    return await connection.fetchval("select current_database() || '_application'")


async def _ensure_login_role(connection: "Connection", application_dsn: str) -> None:
    """Make the role, or set its password; a plain owner may not touch more of an existing one."""
    parts = urlsplit(application_dsn)
    role, password = unquote(parts.username or ""), unquote(parts.password or "")
    if await _has_role(connection, role):
        template = "alter role %I with login password %L"
    else:
        template = (
            "create role %I with login nosuperuser nocreatedb nocreaterole nobypassrls "
            "noreplication password %L"
        )
    statement = "select format($1, $2::text, $3::text)"
    await connection.execute(await connection.fetchval(statement, template, role, password))
    group = await _group_role(connection)
    if not await connection.fetchval("select pg_has_role($1, $2, 'member')", role, group):
        statement = "select format('grant %I to %I', $1::text, $2::text)"
        await connection.execute(await connection.fetchval(statement, group, role))


def application_dsn_for(owner_dsn: str, password: str) -> str:
    """The login of the application for the database of `owner_dsn`: `<database>_app`.

    Keeps the server's address, which a URL of a Unix socket has in its query (libpq, section
    "Connection URIs"), but no credentials that stand there.
    """
    parts = urlsplit(owner_dsn)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in _CREDENTIALS]
    named = dict(parse_qsl(parts.query)).get("dbname")
    role = f"{unquote(parts.path.lstrip('/')) or named or 'casekeep'}_app"
    address = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{address}"
    return urlunsplit(
        parts._replace(netloc=netloc, query=urlencode(query, safe="/", quote_via=quote))
    )


async def check_application_role(application_dsn: str) -> None:
    """Refuse a role that could see over the tenant wall.

    Raises DatabaseNotUsable when it is, or may become, a superuser, a role that bypasses row-level
    security, or the owner of a table.
    """
    connection = await _connect(
        "the application's role (CASEKEEP_DATABASE_APP_URL)", application_dsn
    )
    try:
        sees_over = await connection.fetchval(
            """select exists (select 1 from pg_roles r where (r.rolsuper or r.rolbypassrls)
                              and pg_has_role(r.oid, 'member'))
                   or exists (select 1 from pg_class c join pg_namespace n on n.oid = relnamespace
                              where nspname = 'public' and pg_has_role(relowner, 'member'))"""
        )
    finally:
        await connection.close()
    if sees_over:
        raise DatabaseNotUsable(
            "the application's database role owns tables or bypasses row-level security; "
            "CASEKEEP_DATABASE_APP_URL must name a role that does neither"
        )
