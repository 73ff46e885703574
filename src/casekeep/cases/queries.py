"""SQL of the cases room about one case: rows in, frozen data out. It decides nothing; lists are in
`queries_lists`.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from casekeep.cases.model import AnalysisState, Case, CaseChange, CaseFacts, NewCase, Stage
from casekeep.cases.submission import SubmittedCase
from casekeep.db.database import Row, Tx
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, FormId, UserId

CASES = """
    select id, number, organization_id, clinician_id, patient_id, patient_name, patient_age,
           patient_gender, summary, stage, analysis_state, created_at, updated_at,
           deleted_at is not null as deleted
    from cases where organization_id = $1 and """
"""Whole cases of the organisation, for `case_of`; what else they must be is to follow."""

_NO_CASE = -1
_LARGEST_NUMBER = 2**63 - 1

_FACTS = """
    select id, number, organization_id, clinician_id, patient_id, deleted_at is not null as deleted
    from cases where organization_id = $1 and purged_at is null and """
_LOCK = " for no key update"
_NOT_REMOVED = " and deleted_at is null"

# The number is counted on the organisation's row: of two new cases at once, one waits.
_OPEN = """
    with counted as (
        update organizations set last_case_number = last_case_number + 1
        where id = $2 returning last_case_number as number
    )
    insert into cases (id, organization_id, number, clinician_id, patient_id, patient_name,
                       patient_age, patient_gender, summary, created_at, updated_at, stage,
                       form_id, replay_sha256)
    select $1, $2, counted.number, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12 from counted
    returning id, number, organization_id, clinician_id, patient_id, patient_name, patient_age,
              patient_gender, summary, stage, analysis_state, created_at, updated_at"""
_CHANGE = """
    update cases
    set patient_name = coalesce($3, patient_name), patient_age = coalesce($4, patient_age),
        summary = case when $5::text is null then summary else nullif($5, '') end,
        analysis_state = coalesce($6, analysis_state), updated_at = $7
    where organization_id = $1 and id = $2 and deleted_at is null"""


def id_and_number(ref: CaseRef) -> tuple[CaseId | None, CaseNumber | None]:
    """A reference as two query arguments; a number no case can have becomes one that none has."""
    if isinstance(ref, UUID):
        return ref, None
    return None, ref if 0 <= ref <= _LARGEST_NUMBER else CaseNumber(_NO_CASE)


async def case_facts(tx: Tx, ref: CaseRef, *, lock: bool) -> CaseFacts | None:
    """What there is to know about a case before a decision, deleted or not, until it is purged."""
    case_id, number = id_and_number(ref)
    wanted, key = ("id = $2", case_id) if number is None else ("number = $2", number)
    row = await tx.fetch_row(_FACTS + wanted + (_LOCK if lock else ""), tx.organization_id, key)
    return None if row is None else CaseFacts(*row.values())


async def find_case(tx: Tx, ref: CaseRef) -> Case | None:
    """A case that nobody removed, whole."""
    case_id, number = id_and_number(ref)
    wanted, key = ("id = $2", case_id) if number is None else ("number = $2", number)
    row = await tx.fetch_row(CASES + wanted + _NOT_REMOVED, tx.organization_id, key)
    return None if row is None else case_of(row)


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
    said = (new.patient_name, new.patient_age, new.patient_gender, new.summary)
    return await _insert(tx, case_id, clinician_id, patient_id, *said, at, "OPEN", None, None)


async def insert_submitted_case(
    tx: Tx, new: SubmittedCase, *, patient_id: UserId, form_id: FormId, at: datetime
) -> Case:
    """Write a case that a partner's software sent, with the organisation's next number."""
    said = (new.patient_name, new.patient_age, new.patient_gender, None)
    came = (new.stage.value, form_id, new.replay_sha256)
    return await _insert(tx, new.id, None, patient_id, *said, at, *came)


async def wait_for_replay(tx: Tx, replay_sha256: bytes) -> None:
    """Wait for whoever opens a case of this organisation under the same key, and let whoever comes
    later wait, until this transaction ends.
    """
    digest = sha256(tx.organization_id.bytes + replay_sha256).digest()
    number = int.from_bytes(digest[:8], signed=True)
    await tx.execute("select pg_advisory_xact_lock($1::bigint)", number)


async def case_of_replay(tx: Tx, replay_sha256: bytes) -> CaseId | None:
    """The case that was opened under this key, deleted since or not."""
    return await tx.fetch_value(
        "select id from cases where organization_id = $1 and replay_sha256 = $2",
        tx.organization_id,
        replay_sha256,
    )


async def _insert(tx: Tx, case_id: CaseId, *values: object) -> Case:
    row = await tx.fetch_row(_OPEN, case_id, tx.organization_id, *values)
    if row is None:
        raise LookupError("the transaction's organisation does not exist")
    return case_of(row)


async def change(tx: Tx, case_id: CaseId, change: CaseChange, at: datetime) -> None:
    """Change all but the stage of a case that nobody removed."""
    await tx.execute(
        _CHANGE,
        tx.organization_id,
        case_id,
        change.patient_name,
        change.patient_age,
        change.summary,
        change.analysis_state,
        at,
    )


async def set_stage(tx: Tx, case_id: CaseId, stage: Stage, at: datetime) -> bool:
    """Put a case into a stage; False if it is there already, or was removed."""
    changed = await tx.execute(
        """update cases set stage = $3, updated_at = $4
           where organization_id = $1 and id = $2 and stage <> $3 and deleted_at is null""",
        tx.organization_id,
        case_id,
        stage,
        at,
    )
    return changed == 1


async def end_processing(tx: Tx, case_id: CaseId, state: AnalysisState, at: datetime) -> bool:
    """Take a case from `processing` to another state; False if it is not in that one any more."""
    changed = await tx.execute(
        """update cases set analysis_state = $3, updated_at = $4
           where organization_id = $1 and id = $2 and analysis_state = 'processing'
             and deleted_at is null""",
        tx.organization_id,
        case_id,
        state,
        at,
    )
    return changed == 1


async def mark_removed(tx: Tx, case_id: CaseId, by: UserId | None, at: datetime) -> None:
    """Take a case away."""
    await tx.execute(
        """update cases set deleted_at = $3, deleted_by = $4
           where organization_id = $1 and id = $2 and deleted_at is null""",
        tx.organization_id,
        case_id,
        at,
        by,
    )


async def mark_restored(tx: Tx, case_id: CaseId, at: datetime) -> None:
    """Bring a removed case back as it was."""
    await tx.execute(
        """update cases set deleted_at = null, deleted_by = null, restored_at = $3
           where organization_id = $1 and id = $2 and purged_at is null""",
        tx.organization_id,
        case_id,
        at,
    )


def case_of(row: Row | Mapping[str, Any]) -> Case:
    """The case that a row of `CASES` is."""
    columns: dict[str, Any] = dict(row)
    columns["analysis_state"] = AnalysisState(columns["analysis_state"])
    columns["stage"] = Stage(columns["stage"])
    return Case(**columns)
