"""The wall between organisations, tried from the application's side of it."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from casekeep.db.database import Database
from casekeep.identity.model import Role
from casekeep.kernel.ids import OrganizationId, new_id
from tests.db.furnished import furnish, owned_relations, owners
from tests.support.database import TestServer
from tests.support.factories import make_case, make_file_row, make_organization, make_user

DIRECTORIES = {
    "sign_in_directory",
    "organization_directory",
    "issuer_directory",
    "deployment_key_directory",
}
"""Not tenant tables: the application has no privilege on them and asks four functions."""

COUNTERS = {"sign_in_attempts"}
"""Counts per keyed hash, from before anybody is known; reached through two functions."""

DOORS = {
    "find_password_sign_ins",  # ids of organisations and users by an exact email address
    "find_trusted_issuers",  # ids of organisations and issuers by an exact issuer and audience
    "deployment_key_ids",  # fingerprints of the deployment's keys, and how many keys each wraps
    "all_organization_ids",  # ids for background tasks
    "spend_sign_in_attempt",  # counts, above
    "give_back_sign_in_attempt",
    "use_certificate_key",  # adds a public key
    "used_certificate_keys",  # public keys, which a server publishes
}
"""Functions that run as the owner and that the application may call. Each is a door in the wall: a
new one must be looked at, and must show no more than ids or numbers.
"""

PUBLIC = {"certificate_keys"}
"""Published to anybody; reached through two functions, so that no key is ever taken away."""

JOBS = {"pgqueuer", "pgqueuer_log", "pgqueuer_statistics"}
"""Kinds and ids of jobs, of every organisation: who works through them serves them all."""

NOT_OURS = {"_pogo_migration", "_pogo_version", "pgqueuer_schedules"}
"""Tools' own tables; the application has no privilege on them either."""

POLICY = (
    "({column} = ( SELECT (NULLIF(current_setting('app.organization_id'::text, true), "
    "''::text))::uuid AS \"nullif\"))"
)


@pytest_asyncio.fixture
async def outside(test_server: TestServer) -> AsyncIterator[asyncpg.Connection]:
    """The application's role without any scope."""
    connection = await asyncpg.connect(test_server.application_dsn)
    yield connection
    await connection.close()


async def tables(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        """select relname from pg_class c join pg_namespace n on n.oid = relnamespace
           where nspname = 'public' and relkind in ('r', 'p', 'v', 'm', 'f') order by relname"""
    )
    return [row["relname"] for row in rows]


async def a_clinic(db: Database) -> OrganizationId:
    organization_id = await make_organization(db)
    clinician_id = await make_user(db, organization_id, Role.CLINICIAN)
    case = await make_case(db, organization_id, clinician_id=clinician_id)
    await make_file_row(db, case)
    return organization_id


async def test_there_are_two_organisations_rows_of_everything(
    db: Database, above: asyncpg.Connection
) -> None:
    """Without which the tests below would prove nothing."""
    both = {(await furnish(db)).id, (await furnish(db)).id}
    relations = await owned_relations(above)
    assert relations.keys() > {"organizations", "audit_seals", "one_time_codes", "shown_files"}
    missing = {
        table
        for table, column in relations.items()
        if not both <= await owners(above, table, column)
    }
    assert missing == set()


async def test_without_a_scope_no_table_shows_a_row(
    db: Database, outside: asyncpg.Connection
) -> None:
    await furnish(db)
    unreadable = set()
    for table in await tables(outside):
        try:
            rows = await outside.fetchval(f"select count(*) from {table}")
            assert rows == 0 or table in JOBS, table
        except asyncpg.InsufficientPrivilegeError:
            unreadable.add(table)
    assert unreadable == DIRECTORIES | COUNTERS | PUBLIC | NOT_OURS


async def test_a_scope_ends_with_its_transaction(db: Database, outside: asyncpg.Connection) -> None:
    organization_id = await a_clinic(db)
    async with outside.transaction():
        await outside.execute(
            "select set_config('app.organization_id', $1, true)", str(organization_id)
        )
        assert await outside.fetchval("select count(*) from cases") == 1
    assert await outside.fetchval("select count(*) from cases") == 0


async def test_a_query_without_its_where_shows_one_tenant(
    db: Database, outside: asyncpg.Connection
) -> None:
    mine, _ = await furnish(db), await furnish(db)
    relations = await owned_relations(outside)
    assert relations.keys() > DIRECTORIES
    async with db.transaction(mine.id) as tx:
        shown = {
            table: await owners(tx, table, column)
            for table, column in relations.items()
            if table not in DIRECTORIES
        }
    assert shown == {table: {mine.id} for table in relations.keys() - DIRECTORIES}


async def test_every_view_asks_as_its_caller(outside: asyncpg.Connection) -> None:
    rows = await outside.fetch(
        """select relname, coalesce(reloptions, '{}') as options from pg_class c
           join pg_namespace n on n.oid = relnamespace
           where nspname = 'public' and relkind in ('v', 'm')"""
    )
    assert {row["relname"] for row in rows} >= {"shown_files", "case_facts"}
    for row in rows:
        assert "security_invoker=true" in row["options"], row["relname"]


async def test_inserting_into_another_tenant_is_refused(db: Database) -> None:
    mine, other = await a_clinic(db), await a_clinic(db)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with db.transaction(mine) as tx:
            await tx.execute(
                "insert into users (id, organization_id, role, email) values ($1, $2, $3, $4)",
                new_id(),
                other,
                "admin",
                "intruder@example.org",
            )


async def test_moving_a_row_to_another_tenant_is_refused(db: Database) -> None:
    mine, other = await a_clinic(db), await a_clinic(db)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with db.transaction(mine) as tx:
            await tx.execute("update users set organization_id = $1", other)


async def test_another_tenants_rows_can_be_neither_changed_nor_deleted(db: Database) -> None:
    mine, other = await a_clinic(db), await a_clinic(db)
    async with db.transaction(mine) as tx:
        changed = await tx.execute(
            "update files set is_phi = false where organization_id = $1", other
        )
        deleted = await tx.execute("delete from files where organization_id = $1", other)
    assert (changed, deleted) == (0, 0)
    async with db.transaction(other) as tx:
        assert await tx.fetch_value("select count(*) from files where is_phi") == 1


async def test_a_case_cannot_have_another_tenants_patient(db: Database) -> None:
    mine, other = await a_clinic(db), await a_clinic(db)
    stranger = await make_user(db, other, Role.PATIENT)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await make_case(db, mine, patient_id=stranger)


async def test_every_tenant_table_is_behind_the_wall(outside: asyncpg.Connection) -> None:
    rows = await outside.fetch(
        """select relname, relrowsecurity and relforcerowsecurity as walled,
                  exists (select 1 from pg_attribute where attrelid = c.oid and not attisdropped
                          and attname = 'organization_id') as of_a_tenant
           from pg_class c join pg_namespace n on n.oid = relnamespace
           where nspname = 'public' and relkind in ('r', 'p')"""
    )
    of_tenants = {row["relname"] for row in rows if row["of_a_tenant"]} | {"organizations"}
    assert len(of_tenants) > 10
    walled = {row["relname"] for row in rows if row["walled"]}
    assert walled == of_tenants - DIRECTORIES


async def test_the_policy_is_the_same_line_on_every_table(outside: asyncpg.Connection) -> None:
    rows = await outside.fetch("select * from pg_policies where schemaname = 'public'")
    assert {row["tablename"] for row in rows} >= {"organizations", "cases", "files", "audit_events"}
    assert len(rows) == len({row["tablename"] for row in rows}), "one policy per table"
    for row in rows:
        column = "id" if row["tablename"] == "organizations" else "organization_id"
        assert row["qual"] == POLICY.format(column=column), row["tablename"]
        assert row["with_check"] in (None, row["qual"])
        assert (row["permissive"], row["cmd"], row["roles"]) == ("PERMISSIVE", "ALL", ["public"])


async def test_the_application_owns_nothing_and_cannot_get_past(
    outside: asyncpg.Connection,
) -> None:
    role = await outside.fetchrow("select * from pg_roles where rolname = current_user")
    assert role is not None
    powers = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")
    assert {power: role[power] for power in powers} == dict.fromkeys(powers, False)
    owned = """select count(*) from pg_class where pg_has_role(relowner, 'member')
               union all select count(*) from pg_proc where pg_has_role(proowner, 'member')
               union all select count(*) from pg_database where pg_has_role(datdba, 'member')"""
    assert {row["count"] for row in await outside.fetch(owned)} == {0}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await outside.execute("alter table cases disable row level security")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await outside.execute("create table public.mine (id int)")
    await outside.execute("set row_security = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await outside.fetch("select * from cases")


async def test_the_doors_in_the_wall_are_known(outside: asyncpg.Connection) -> None:
    rows = await outside.fetch(
        """select proname, has_function_privilege(p.oid, 'execute') as callable,
                  coalesce(array_to_string(proconfig, ','), '') as config
           from pg_proc p join pg_namespace n on n.oid = pronamespace
           where nspname = 'public' and prosecdef"""
    )
    assert {row["proname"] for row in rows if row["callable"]} == DOORS
    assert all(row["config"] == "search_path=public, pg_temp" for row in rows)


@pytest.mark.parametrize("table", ["audit_events", "audit_seals"])
@pytest.mark.parametrize(
    "act", ["delete from {}", "update {} set organization_id = organization_id"]
)
async def test_the_audit_cannot_be_rewritten(db: Database, table: str, act: str) -> None:
    mine = await a_clinic(db)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        async with db.transaction(mine) as tx:
            await tx.execute(act.format(table))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        async with db.transaction(mine) as tx:
            await tx.execute(f"truncate {table} cascade")


async def test_a_setting_that_is_no_id_shows_nothing(outside: asyncpg.Connection) -> None:
    await outside.execute("select set_config('app.organization_id', '', false)")
    assert await outside.fetchval("select count(*) from cases") == 0
    await outside.execute("select set_config('app.organization_id', $1, false)", str(UUID(int=0)))
    assert await outside.fetchval("select count(*) from cases") == 0
