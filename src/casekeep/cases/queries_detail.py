"""SQL of cases with their people and communications: rows in, frozen data out. It decides nothing;
a deleted case is not found.
"""

from collections.abc import Sequence
from uuid import UUID

from casekeep.cases.detail import Author, CaseDetail, Communication, Person
from casekeep.db.database import Row, Tx
from casekeep.identity.model import Role
from casekeep.kernel.ids import CaseId

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
_COMMUNICATIONS = """
    select id, case_id, text, is_restricted, author_id, author_email, author_first_name,
           author_last_name, created_at
    from communications where organization_id = $1 and case_id = any($2)
    order by created_at, id"""


async def cases_by_ids(tx: Tx, case_ids: Sequence[UUID]) -> tuple[CaseDetail, ...]:
    """Those of these cases that are not deleted, newest first."""
    rows = await tx.fetch(_BY_IDS, tx.organization_id, case_ids)
    return tuple(_case(row) for row in rows)


async def newest_case_of(tx: Tx, email: str) -> CaseId | None:
    """The newest case of the patient of an email address."""
    return await tx.fetch_value(_OF_PATIENT, tx.organization_id, email)


async def communications_of(tx: Tx, case_ids: Sequence[UUID]) -> tuple[Communication, ...]:
    """What was said in these cases, oldest first."""
    rows = await tx.fetch(_COMMUNICATIONS, tx.organization_id, case_ids)
    return tuple(_communication(row) for row in rows)


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
