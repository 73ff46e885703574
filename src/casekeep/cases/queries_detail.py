"""SQL of cases with their people and communications: rows in, frozen data out. It decides nothing;
a deleted case is not found.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from casekeep.cases.detail import Author, CaseDetail, Communication, Person, Window
from casekeep.db.database import Row, Tx
from casekeep.identity.model import Role
from casekeep.kernel.ids import ApiKeyId, CaseId, CommunicationId, UserId

_PERSON = (
    "{0}.id as {0}_id, {0}.role as {0}_role, {0}.email as {0}_email, {0}.phone as {0}_phone, "
    "{0}.first_name as {0}_first_name, {0}.last_name as {0}_last_name, "
    "{0}.disabled_at is null as {0}_is_active, {0}.created_at as {0}_created_at, "
    "{0}.created_at as {0}_updated_at"
)
_CASES = f"""
    select c.id, c.organization_id, c.number, f.title, c.stage,
           c.analysis_state = 'archived' as is_archived, c.created_at, c.updated_at,
           {_PERSON.format("patient")}, {_PERSON.format("clinician")}
    from cases c
    left join forms f on f.organization_id = c.organization_id and f.id = c.form_id
    left join users patient
        on patient.organization_id = c.organization_id and patient.id = c.patient_id
    left join users clinician
        on clinician.organization_id = c.organization_id and clinician.id = c.clinician_id
    where c.organization_id = $1 and c.deleted_at is null """  # noqa: S608 - constant columns
_BY_IDS = _CASES + "and c.id = any($2) order by c.created_at desc, c.id desc"
_OF_PATIENT = """
    select c.id from cases c
    join users u on u.organization_id = c.organization_id and u.id = c.patient_id
    where c.organization_id = $1 and u.email = $2 and c.deleted_at is null
    order by c.created_at desc, c.id desc limit 1"""
_IN_WINDOW = """
    select c.id from cases c
    where c.organization_id = $1 and c.deleted_at is null
      and c.created_at >= $2 and c.created_at < $3
      and (cardinality($4::text[]) = 0 or c.stage = any($4))"""
_BEYOND = (
    _IN_WINDOW
    + """ and ($5::timestamptz is null or (c.created_at, c.id) < ($5, $6::uuid))
    order by c.created_at desc, c.id desc limit $7"""
)
_BEFORE = f"select exists ({_IN_WINDOW} and (c.created_at, c.id) >= ($5, $6))"
_COMMUNICATIONS = """
    select id, case_id, text, is_restricted, author_id, author_email, author_first_name,
           author_last_name, created_at
    from communications where organization_id = $1 and case_id = any($2)
    order by created_at, id"""


async def cases_by_ids(tx: Tx, case_ids: Sequence[UUID]) -> tuple[CaseDetail, ...]:
    """Those of these cases that are not deleted, newest first."""
    rows = await tx.fetch(_BY_IDS, tx.organization_id, case_ids)
    return tuple(_case(row) for row in rows)


Place = tuple[datetime, UUID]
"""Where a case stands in the order of time: when it was opened, and its id."""


async def place_of(tx: Tx, case_id: CaseId) -> Place | None:
    """Where a case stands, deleted since or not."""
    row = await tx.fetch_row(
        "select created_at, id from cases where organization_id = $1 and id = $2",
        tx.organization_id,
        case_id,
    )
    return None if row is None else (row["created_at"], row["id"])


async def cases_in_window(
    tx: Tx, window: Window, after: Place | None, *, most: int
) -> list[CaseId]:
    """The first `most` cases of a window beyond that place, newest first."""
    past = after or (None, None)
    rows = await tx.fetch(_BEYOND, tx.organization_id, *_bounds(window), *past, most)
    return [row["id"] for row in rows]


async def are_before(tx: Tx, window: Window, after: Place) -> bool:
    """Whether the window holds cases up to that place."""
    return await tx.fetch_value(_BEFORE, tx.organization_id, *_bounds(window), *after)


def _bounds(window: Window) -> tuple[datetime, datetime, list[str]]:
    return window.start, window.end, sorted(window.stages)


async def has_communication(tx: Tx, communication_id: CommunicationId) -> bool:
    """Whether this was said."""
    return await tx.fetch_value(
        "select exists (select from communications where organization_id = $1 and id = $2)",
        tx.organization_id,
        communication_id,
    )


async def newest_case_of(tx: Tx, email: str) -> CaseId | None:
    """The newest case of the patient of an email address."""
    return await tx.fetch_value(_OF_PATIENT, tx.organization_id, email)


async def communications_of(tx: Tx, case_ids: Sequence[UUID]) -> tuple[Communication, ...]:
    """What was said in these cases, oldest first."""
    rows = await tx.fetch(_COMMUNICATIONS, tx.organization_id, case_ids)
    return tuple(_communication(row) for row in rows)


async def count_communications(tx: Tx, case_id: CaseId) -> int:
    """How much was said in a case."""
    return await tx.fetch_value(
        "select count(*) from communications where organization_id = $1 and case_id = $2",
        tx.organization_id,
        case_id,
    )


async def insert_communication(tx: Tx, said: Communication, api_key_id: ApiKeyId) -> None:
    """Keep what was said, and by whose key it came."""
    author = said.author
    await tx.execute(
        """insert into communications (organization_id, id, case_id, text, is_restricted, author_id,
                                       author_email, author_first_name, author_last_name,
                                       api_key_id, created_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        tx.organization_id,
        said.id,
        said.case_id,
        said.text,
        said.is_restricted,
        author.id,
        author.email,
        author.first_name,
        author.last_name,
        api_key_id,
        said.created_at,
    )


async def user_of_email(tx: Tx, email: str) -> UserId | None:
    """The user of the organisation with this email address, of whatever role."""
    return await tx.fetch_value(
        "select id from users where organization_id = $1 and email = $2", tx.organization_id, email
    )


def _case(row: Row) -> CaseDetail:
    return CaseDetail(
        row["id"],
        row["organization_id"],
        row["number"],
        row["title"],
        row["stage"],
        row["is_archived"],
        row["created_at"],
        row["updated_at"],
        _person(row, "patient"),
        _person(row, "clinician"),
    )


def _person(row: Row, of: str) -> Person | None:
    if row[f"{of}_id"] is None:
        return None
    return Person(
        row[f"{of}_id"],
        Role(row[f"{of}_role"]),
        row[f"{of}_email"],
        row[f"{of}_phone"],
        row[f"{of}_first_name"],
        row[f"{of}_last_name"],
        row[f"{of}_is_active"],
        row[f"{of}_created_at"],
        row[f"{of}_updated_at"],
    )


def _communication(row: Row) -> Communication:
    return Communication(
        row["id"],
        row["case_id"],
        row["text"],
        row["is_restricted"],
        Author(
            row["author_id"],
            row["author_email"],
            row["author_first_name"],
            row["author_last_name"],
        ),
        row["created_at"],
    )
