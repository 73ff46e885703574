"""The two SQL functions behind the lists: what they may never show, and what they cost."""

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from casekeep.cases.model import CaseFacts
from casekeep.db.database import Database
from casekeep.kernel.ids import new_id
from tests.files.room import Room
from tests.support.database import TestServer
from tests.support.factories import (
    make_case,
    make_clinician,
    make_file_row,
    make_organization,
    make_patient,
)

CASE_FILES = "select * from case_files($1, $2, $3, $4)"
PATIENT_FILES = "select * from patient_files($1, $2, $3, $4, $5, $6, $7)"
ROWS, OTHER_CASES = 300, 60


@pytest_asyncio.fixture
async def connection(test_server: TestServer) -> AsyncIterator[asyncpg.Connection]:
    """One connection as the application, to see what a statement leaves on it."""
    connected = await asyncpg.connect(test_server.application_dsn)
    yield connected
    await connected.close()


async def one_case(db: Database) -> CaseFacts:
    organization_id = await make_organization(db)
    clinician = await make_clinician(db, organization_id)
    patient = await make_patient(db, organization_id)
    case = await make_case(
        db, organization_id, clinician_id=clinician.user_id, patient_id=patient.user_id
    )
    await make_file_row(db, case)
    return case


async def test_the_scope_ends_with_the_statement(
    room: Room, connection: asyncpg.Connection
) -> None:
    case = await one_case(room.db)
    for sql, arguments in (
        (CASE_FILES, (case.organization_id, case.id, None, None)),
        (PATIENT_FILES, (case.organization_id, case.patient_id, None, *[None] * 4)),
    ):
        assert len(await connection.fetch(sql, *arguments)) == 1
        assert not await connection.fetchval("select current_setting('app.organization_id', true)")
        for table in ("files", "cases", "users", "organizations", "shown_files", "case_facts"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0


async def test_the_scope_ends_also_when_the_statement_fails(
    room: Room, connection: asyncpg.Connection
) -> None:
    case = await one_case(room.db)
    try:
        await connection.fetch(
            "select 1 / (count(*) - 1) from case_files($1, $2, null, null)",
            case.organization_id,
            case.id,
        )
    except asyncpg.DivisionByZeroError:
        pass
    else:
        raise AssertionError("the statement was to fail after the function had run")
    assert await connection.fetchval("select count(*) from files") == 0


async def test_the_wall_stands_inside_the_functions(
    room: Room, connection: asyncpg.Connection
) -> None:
    """Not only do the statements name the organisation: the rows of others are not there."""
    ours, theirs = await one_case(room.db), await one_case(room.db)
    for organization_id, case in (
        (ours.organization_id, theirs),
        (theirs.organization_id, ours),
        (new_id(), ours),
    ):
        viewer = case.clinician_id
        for found in (
            await connection.fetch(CASE_FILES, organization_id, case.id, None, viewer),
            await connection.fetch(CASE_FILES, organization_id, case.id, None, None),
            await connection.fetch(
                PATIENT_FILES, organization_id, case.patient_id, None, *[None] * 4
            ),
            await connection.fetch(
                PATIENT_FILES, organization_id, case.patient_id, case.id, *[None] * 4
            ),
        ):
            assert not any(value for row in found for value in row.values())
    definer = await connection.fetch(
        """select proname from pg_proc where prosecdef
           and proname in ('case_files', 'patient_files')"""
    )
    assert definer == []
    views = await connection.fetch(
        "select reloptions from pg_class where relname in ('shown_files', 'case_facts')"
    )
    assert [row["reloptions"] for row in views] == [["security_invoker=true"]] * 2


async def test_row_level_security_alone_would_hold(
    room: Room, connection: asyncpg.Connection
) -> None:
    """A view without any condition shows the rows of the scope and no others."""
    ours, theirs = await one_case(room.db), await one_case(room.db)
    async with connection.transaction():
        await connection.execute(
            "select set_config('app.organization_id', $1, true)", str(ours.organization_id)
        )
        for view in ("shown_files", "case_facts"):
            rows = await connection.fetch(f"select case_id from {view}")
            assert [row["case_id"] for row in rows] == [ours.id]
    assert theirs.id != ours.id


async def test_the_files_of_others_are_not_even_read(
    room: Room, connection: asyncpg.Connection
) -> None:
    case = await one_case(room.db)
    stranger = await make_clinician(room.db, case.organization_id)
    for sql, arguments in (
        (CASE_FILES, (case.organization_id, case.id, None, stranger.user_id)),
        (CASE_FILES, (case.organization_id, new_id(), None, stranger.user_id)),
        (PATIENT_FILES, (case.organization_id, stranger.user_id, case.id, *[None] * 4)),
        (PATIENT_FILES, (case.organization_id, stranger.user_id, new_id(), *[None] * 4)),
    ):
        async with connection.transaction():
            before = await _counters(connection)
            rows = await connection.fetch(sql, *arguments)
            assert await _counters(connection) == before
        assert [row["file_id"] for row in rows] in ([], [None])


async def test_lists_read_the_index_that_was_made_for_them(
    room: Room, connection: asyncpg.Connection, test_server: TestServer
) -> None:
    case = await one_case(room.db)
    await _many_files(room.db, case)
    for _ in range(OTHER_CASES):
        patient = await make_patient(room.db, case.organization_id)
        await _many_files(
            room.db, await make_case(room.db, case.organization_id, patient_id=patient.user_id)
        )
    await _analyze_as_owner(test_server)
    everything = (case.organization_id, case.patient_id, None, None, None, None, None)
    rows = await connection.fetch(PATIENT_FILES, *everything)
    assert len(rows) == ROWS + 1
    deep = rows[ROWS - 100]
    page = (None, 51, deep["created_at"], deep["file_id"])
    for _ in range(8):  # PostgreSQL may think again about a plan after five calls
        await _reads(
            connection, "files_of_case", ROWS + 1, CASE_FILES, _viewed(case), most=ROWS + 1
        )
        await _reads(
            connection,
            "files_of_patient",
            51,
            PATIENT_FILES,
            (case.organization_id, case.patient_id, None, *page),
            most=60,
        )
        await _reads(
            connection,
            "files_of_case",
            51,
            PATIENT_FILES,
            (case.organization_id, case.patient_id, case.id, *page),
            most=60,
        )
    await _reads(connection, "files_of_patient", ROWS + 1, PATIENT_FILES, everything, most=ROWS + 1)


def _viewed(case: CaseFacts) -> tuple[object, ...]:
    return (case.organization_id, None, case.number, case.clinician_id)


async def _reads(
    connection: asyncpg.Connection,
    index: str,
    expected: int,
    sql: str,
    arguments: tuple[object, ...],
    *,
    most: int,
) -> None:
    """One call gives `expected` rows, reads at most `most` entries of `index`, and reads the table
    in no other way.
    """
    async with connection.transaction():
        before = await _counters(connection)
        rows = await connection.fetch(sql, *arguments)
        after = await _counters(connection)
    read = {
        name: (scans - before[name][0], entries - before[name][1])
        for name, (scans, entries) in after.items()
        if scans > before[name][0]
    }
    assert len(rows) == expected
    assert read.keys() == {index}
    assert read[index][0] == 1
    assert read[index][1] <= most


async def _counters(connection: asyncpg.Connection) -> dict[str, tuple[int, int]]:
    """How often each index of files, and the table itself, was scanned, and how many entries that
    gave; counted by this connection, and not yet handed to the statistics.
    """
    rows = await connection.fetch(
        """select oid::regclass::text as name, pg_stat_get_xact_numscans(oid) as scans,
                  pg_stat_get_xact_tuples_returned(oid) as entries
           from pg_class where oid = 'files'::regclass
              or oid in (select indexrelid from pg_index where indrelid = 'files'::regclass)"""
    )
    return {row["name"]: (row["scans"], row["entries"]) for row in rows}


async def _many_files(db: Database, case: CaseFacts) -> None:
    async with db.transaction(case.organization_id) as tx:
        await tx.execute(
            """insert into files (id, organization_id, case_id, patient_id, name, url_path,
                                  media_type, size, sha256, is_phi, state, receiver, created_at)
               select gen_random_uuid(), $1, $2, $3, 'a.pdf', 'test/' || $2::uuid || '/' || n,
                      'application/pdf', 1, sha256('a'), true, 'stored', 0,
                      now() - n * interval '1 second'
               from generate_series(1, $4::integer) n""",
            case.organization_id,
            case.id,
            case.patient_id,
            ROWS,
        )


async def _analyze_as_owner(server: TestServer) -> None:
    owner = await asyncpg.connect(server.owner_dsn)
    await owner.execute("analyze files; analyze cases; analyze users; analyze organizations")
    await owner.close()
