"""All SQL of the cases room: rows in, frozen data out. It decides nothing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from casekeep.cases.model import AnalysisState, Case, CaseFacts, NewCase
from casekeep.db.database import Row, Tx
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, UserId

_NO_CASE = -1
_LARGEST_NUMBER = 2**63 - 1

_FACTS = """
    select id, number, organization_id, clinician_id, patient_id, deleted_at is not null as deleted
    from cases where organization_id = $1 and """
_LOCK = " for no key update"

# The number is counted on the organisation's row: of two new cases at once, one waits.
_OPEN = """
    with counted as (
        update organizations set last_case_number = last_case_number + 1
        where id = $2 returning last_case_number as number
    )
    insert into cases (id, organization_id, number, clinician_id, patient_id, patient_name,
                       patient_age, patient_gender, summary, created_at, updated_at)
    select $1, $2, counted.number, $3, $4, $5, $6, $7, $8, $9, $9 from counted
    returning id, number, organization_id, clinician_id, patient_id, patient_name, patient_age,
              patient_gender, summary, stage, analysis_state, created_at, updated_at"""


def id_and_number(ref: CaseRef) -> tuple[CaseId | None, CaseNumber | None]:
    """A reference as two query arguments; a number no case can have becomes one that none has."""
    if isinstance(ref, UUID):
        return ref, None
    return None, ref if 0 <= ref <= _LARGEST_NUMBER else CaseNumber(_NO_CASE)


async def case_facts(tx: Tx, ref: CaseRef, *, lock: bool) -> CaseFacts | None:
    """What there is to know about a case before a decision, deleted or not."""
    case_id, number = id_and_number(ref)
    wanted, key = ("id = $2", case_id) if number is None else ("number = $2", number)
    row = await tx.fetch_row(_FACTS + wanted + (_LOCK if lock else ""), tx.organization_id, key)
    return None if row is None else CaseFacts(*row.values())


async def wait_for_numbers(tx: Tx) -> None:
    """Wait until every case that was being numbered is committed, or is not."""
    await tx.execute("select from organizations where id = $1 for share", tx.organization_id)


async def has_case(tx: Tx, case_id: CaseId) -> bool:
    """Whether a case was written, deleted since or not."""
    return await tx.fetch_value(
        "select exists (select from cases where organization_id = $1 and id = $2)",
        tx.organization_id,
        case_id,
    )


async def has_case_in_work(tx: Tx, patient_id: UserId) -> bool:
    """Whether a case of the patient is with a clinician, or was. The trigger in migration 0007
    names the same stages.
    """
    return await tx.fetch_value(
        """select exists (
             select from cases
             where organization_id = $1 and patient_id = $2 and deleted_at is null
               and stage in ('ASSIGNED', 'IN_PROGRESS', 'APPROVED', 'REJECTED', 'NO_DECISION'))""",
        tx.organization_id,
        patient_id,
    )


async def insert_case(
    tx: Tx,
    case_id: CaseId,
    new: NewCase,
    *,
    clinician_id: UserId | None,
    patient_id: UserId | None,
    at: datetime,
) -> Case:
    """Write a new case with the organisation's next number."""
    row = await tx.fetch_row(
        _OPEN,
        case_id,
        tx.organization_id,
        clinician_id,
        patient_id,
        new.patient_name,
        new.patient_age,
        new.patient_gender,
        new.summary,
        at,
    )
    if row is None:
        raise LookupError("the transaction's organisation does not exist")
    return _case(row)


def _case(row: Row) -> Case:
    columns: dict[str, Any] = dict(row)
    columns["analysis_state"] = AnalysisState(columns["analysis_state"])
    return Case(**columns)
