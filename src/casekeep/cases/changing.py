"""Changes what is written of a case, and its stage. A stage is changed in one place only, so that
whoever is to hear of it can be told there.
"""

from dataclasses import replace
from datetime import datetime

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries
from casekeep.cases.access import changeable_case
from casekeep.cases.describing import checked_age, checked_summary, clean_patient_name
from casekeep.cases.model import Case, CaseChange, CaseFacts, Stage
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import CaseNotVisible, NothingToUpdate
from casekeep.kernel.ids import CaseRef
from casekeep.webhooks.announcing import announce
from casekeep.webhooks.model import WebhookEvent


async def change_case(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    ref: CaseRef,
    change: CaseChange,
    *,
    clock: Clock = utc_now,
) -> Case:
    """Change a case that `actor` may change; it is dated as updated even if nothing is different
    afterwards (clinician contract, `PUT /cases/cases/{case_id}`).

    Raises CaseNotVisible, InputNotValid, NothingToUpdate.
    """
    if change == CaseChange():
        raise NothingToUpdate
    change = _cleaned(change)
    details = asked_number(ref)
    asked = Event(Action.CASE_CHANGED, case_id=asked_case(ref), details=details)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        facts = await changeable_case(tx, actor, ref)
        at = clock()
        if change.stage is not None:
            await change_stage(tx, audit, actor, facts, change.stage, at=at)
        await queries.change(tx, facts.id, change, at)
        case = await queries.find_case(tx, facts.id)
        if case is None:
            raise CaseNotVisible
        if replace(change, stage=None) != CaseChange():
            await audit.record(tx, who(actor), Event(Action.CASE_CHANGED, case_id=facts.id))
    return case


async def change_stage(
    tx: Tx, audit: AuditLog, actor: Actor, case: CaseFacts, stage: Stage, *, at: datetime
) -> bool:
    """Put a case that the caller found changeable, and holds, into another stage; False if that is
    the one it is in.
    """
    if not await queries.set_stage(tx, case.id, stage, at):
        return False
    changed = Event(Action.CASE_CHANGED, case_id=case.id, details={"stage": stage})
    await audit.record(tx, who(actor), changed)
    await announce(tx, WebhookEvent.STAGE_CHANGED, case.id, stage=stage)
    return True


def _cleaned(change: CaseChange) -> CaseChange:
    name, age, summary = change.patient_name, change.patient_age, change.summary
    return replace(
        change,
        patient_name=None if name is None else clean_patient_name(name),
        patient_age=None if age is None else checked_age(age),
        summary=None if summary is None else checked_summary(summary.strip()),
    )
