"""Gives a case to a clinician, as one that a partner's software opened has none; and shows the
operator which cases are whose.
"""

from dataclasses import replace

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries, queries_assigning, queries_detail
from casekeep.cases.access import check_may_assign, visible_case
from casekeep.cases.assignment import CaseLines
from casekeep.cases.changing import change_stage
from casekeep.cases.model import Case, Stage
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import CaseNotVisible, InputNotValid
from casekeep.kernel.ids import CaseId, CaseRef, UserId

MOST_LISTED = 1000
"""Cases that a list may have."""


async def assign_case(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    ref: CaseRef,
    clinician_id: UserId,
    *,
    clock: Clock = utc_now,
) -> Case:
    """Give a case to a clinician, whoever had it before; one that is theirs already is left as it
    is. A case that was open is assigned from then on.

    Raises RoleNotAllowed, CaseNotVisible, and InputNotValid when nobody's open account as a
    clinician has this id.
    """
    details = asked_number(ref)
    asked = Event(
        Action.CASE_ASSIGNED, case_id=asked_case(ref), subject_id=clinician_id, details=details
    )
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        check_may_assign(actor)
        facts = await visible_case(tx, actor, ref, lock=True)
        if not await queries_assigning.hold_clinician(tx, clinician_id):
            raise InputNotValid("a case is assigned to a clinician whose account is open")
        at = clock()
        is_new = await queries_assigning.set_clinician(tx, facts.id, clinician_id, at)
        case = await queries.find_case(tx, facts.id)
        if case is None:
            raise CaseNotVisible
        if is_new:
            assigned = Event(Action.CASE_ASSIGNED, case_id=case.id, subject_id=clinician_id)
            await audit.record(tx, who(actor), assigned)
            if case.stage is Stage.OPEN:
                await change_stage(tx, audit, actor, case.facts, Stage.ASSIGNED, at=at)
                case = replace(case, stage=Stage.ASSIGNED)
    return case


async def list_for_assigning(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    *,
    unassigned: bool = False,
    after: CaseId | None = None,
    most: int = 50,
) -> CaseLines:
    """The organisation's cases, newest first, at most `most` (1-1000) of them. `unassigned`: only
    those that no clinician has; `after`: go on behind this case.

    Raises RoleNotAllowed, and InputNotValid when `after` is no case.
    """
    if not 1 <= most <= MOST_LISTED:
        raise InputNotValid(f"most must be 1 to {MOST_LISTED}")
    asked = Event(Action.CASES_LISTED)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        check_may_assign(actor)
        found = await queries_assigning.case_lines(
            tx, await _place(tx, after), unassigned=unassigned, most=most + 1
        )
    shown = found[:most]
    listed = replace(asked, details={"count": len(shown)})
    await audit.note_listing(who(actor), listed)
    return CaseLines(shown, shown[-1].id if len(found) > most else None)


async def _place(tx: Tx, after: CaseId | None) -> queries_detail.Place | None:
    if after is None:
        return None
    place = await queries_detail.place_of(tx, after)
    if place is None:
        raise InputNotValid("after is not a case of this organisation")
    return place
