"""Migrations on a server that somebody else runs, as an owner who is no superuser."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from casekeep.db.addresses import Addresses, external_addresses
from casekeep.db.database import Database
from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.migrating import (
    application_dsn_for,
    check_application_role,
    migrate_database,
    migrations_folder,
)
from tests.support.database import database_url, drop_database, make_owned_database
from tests.support.factories import make_case, make_file_row, make_organization


@dataclass(frozen=True)
class Empty:
    name: str
    owner_dsn: str
    addresses: Addresses


@pytest_asyncio.fixture
async def empty(admin: asyncpg.Connection, server_dsn: str, tmp_path: Path) -> AsyncIterator[Empty]:
    """A database of a plain owner, with nothing in it yet."""
    name = f"test_{uuid4().hex[:12]}"
    try:
        owner_dsn = await make_owned_database(admin, server_dsn, name)
        yield Empty(name, owner_dsn, external_addresses(owner_dsn, None, tmp_path / "secrets"))
    finally:
        await drop_database(admin, name)


async def migrate(empty: Empty) -> tuple[str, ...]:
    done = await migrate_database(empty.addresses.owner_dsn, empty.addresses.application_dsn)
    return done.applied


async def test_the_first_run_applies_all_and_the_next_none(empty: Empty) -> None:
    numbered = tuple(sorted(path.stem for path in migrations_folder().glob("*.sql")))
    assert await migrate(empty) == numbered
    assert await migrate(empty) == ()
    await check_application_role(empty.addresses.application_dsn)


async def test_two_runs_at_once_apply_everything_once(empty: Empty) -> None:
    first, second = await asyncio.gather(migrate(empty), migrate(empty))
    assert sorted((len(first), len(second))) == [0, len(list(migrations_folder().glob("*.sql")))]
    await check_application_role(empty.addresses.application_dsn)


async def test_the_application_works_in_a_migrated_database(empty: Empty) -> None:
    await migrate(empty)
    db = await Database.connect(empty.addresses.application_dsn, size=2)
    try:
        organization_id = await make_organization(db)
        rows = await db.fetch_unscoped("select * from all_organization_ids() as id")
        assert [row["id"] for row in rows] == [organization_id]
    finally:
        await db.close()


async def test_a_lost_password_is_set_anew(empty: Empty, tmp_path: Path) -> None:
    await migrate(empty)
    again = external_addresses(empty.owner_dsn, None, tmp_path / "other-secrets")
    assert again.application_dsn != empty.addresses.application_dsn
    await migrate_database(again.owner_dsn, again.application_dsn)
    await check_application_role(again.application_dsn)


async def test_a_role_made_by_hand_is_left_alone(
    empty: Empty, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    await admin.execute(f"create role {empty.name}_application nologin")
    await admin.execute(f"create role {empty.name}_app login password 'by hand'")
    await admin.execute(f"grant {empty.name}_application to {empty.name}_app")
    by_hand = database_url(empty.owner_dsn, empty.name, f"{empty.name}_app:by%20hand")
    addresses = external_addresses(empty.owner_dsn, by_hand, tmp_path / "by-hand")
    assert addresses.application_dsn == by_hand
    assert not (tmp_path / "by-hand" / "database-application").exists()
    await migrate_database(addresses.owner_dsn, None)
    await check_application_role(addresses.application_dsn)


async def test_an_owner_who_may_not_make_roles_is_told(
    empty: Empty, admin: asyncpg.Connection
) -> None:
    await admin.execute(f"alter role {empty.name}_owner nocreaterole")
    with pytest.raises(DatabaseNotUsable, match="CREATEROLE"):
        await migrate(empty)


async def test_a_role_that_may_not_make_tables_is_told(
    empty: Empty, admin: asyncpg.Connection
) -> None:
    await admin.execute(f"alter database {empty.name} owner to postgres")
    with pytest.raises(DatabaseNotUsable, match="own the database"):
        await migrate(empty)


async def test_a_superuser_and_an_owner_are_refused_as_the_application(
    empty: Empty, server_dsn: str
) -> None:
    await migrate(empty)
    for dsn in (database_url(server_dsn, empty.name), empty.owner_dsn):
        with pytest.raises(DatabaseNotUsable, match="CASEKEEP_DATABASE_APP_URL"):
            await check_application_role(dsn)


async def test_a_role_that_may_become_the_owner_is_refused(
    empty: Empty, admin: asyncpg.Connection
) -> None:
    await migrate(empty)
    by_hand = f"{empty.name}_by_hand"
    await admin.execute(f"create role {by_hand} login password 'word' noinherit")
    try:
        await admin.execute(f"grant {empty.name}_owner to {by_hand}")
        with pytest.raises(DatabaseNotUsable, match="bypasses"):
            await check_application_role(
                database_url(empty.owner_dsn, empty.name, f"{by_hand}:word")
            )
    finally:
        await admin.execute(f"drop role {by_hand}")


async def test_a_role_that_bypasses_row_level_security_is_refused(
    empty: Empty, admin: asyncpg.Connection
) -> None:
    await migrate(empty)
    await admin.execute(f"alter role {empty.name}_app bypassrls")
    with pytest.raises(DatabaseNotUsable, match="bypasses"):
        await check_application_role(empty.addresses.application_dsn)


@pytest.mark.parametrize(
    "change",
    [
        lambda url, name: url.replace(":owner@", ":wrong-word@"),
        lambda url, name: database_url(url, f"{name}_absent"),
    ],
)
async def test_a_refused_connection_shows_nothing_of_the_url(empty: Empty, change) -> None:  # noqa: ANN001
    with pytest.raises(DatabaseNotUsable) as refused:
        await migrate_database(change(empty.owner_dsn, empty.name), None)
    assert "CASEKEEP_DATABASE_URL" in str(refused.value)
    assert "wrong-word" not in str(refused.value)
    assert empty.name not in str(refused.value)


async def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotUsable, match="cannot be reached"):
        await migrate_database(f"postgresql://role:word@/name?host={tmp_path}", None)


@pytest.mark.parametrize("url", ["mysql://role:word@host/name", "name", "postgresql://host", "//["])
def test_what_is_no_url_of_a_database_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotUsable, match="must have the form"):
        external_addresses(url, None, tmp_path)


@pytest.mark.parametrize(
    ("owner", "application"),
    [
        (
            "postgresql://o:p@db.example:5433/casekeep?sslmode=require",
            "postgresql://casekeep_app:s%2Fw@db.example:5433/casekeep?sslmode=require",
        ),
        (
            "postgresql://o:p@/casekeep?host=/tmp/some%20where&port=5432",
            "postgresql://casekeep_app:s%2Fw@/casekeep?host=/tmp/some%20where&port=5432",
        ),
        (
            "postgresql:///?dbname=clinic&user=o&password=p&host=db.example",
            "postgresql://clinic_app:s%2Fw@/?dbname=clinic&host=db.example",
        ),
        (
            "postgresql://o@a.example:1,b.example:2/clinic",
            "postgresql://clinic_app:s%2Fw@a.example:1,b.example:2/clinic",
        ),
    ],
)
def test_the_applications_url_keeps_the_address_and_no_credentials(
    owner: str, application: str
) -> None:
    assert application_dsn_for(owner, "s/w") == application


def test_addresses_do_not_show_passwords(tmp_path: Path) -> None:
    shown = repr(external_addresses("postgresql://o:secret@host/name", None, tmp_path))
    assert "secret" not in shown
    assert "postgresql" not in shown


async def test_files_from_before_there_were_seals_are_entered_as_unsealed(empty: Empty) -> None:
    """The owner is held back by the wall, too, and must still find the files of everybody."""
    await migrate(empty)
    text = (migrations_folder() / "0012_seals.sql").read_text("utf-8")
    apply, _, rollback = text.partition("-- migrate: rollback")
    db = await Database.connect(empty.addresses.application_dsn, size=1)
    owner = await asyncpg.connect(empty.owner_dsn)
    try:
        cases = [await make_case(db, await make_organization(db)) for _ in range(2)]
        files = {await make_file_row(db, case) for case in cases}
        await owner.execute(rollback)
        await owner.execute(apply)
        for case in cases:
            async with db.transaction(case.organization_id) as tx:
                files -= {row["blob_id"] for row in await tx.fetch("select * from unsealed_blobs")}
        assert files == set()
        forced = "select relforcerowsecurity from pg_class where oid = 'files'::regclass"
        assert await owner.fetchval(forced)
    finally:
        await owner.close()
        await db.close()
