"""Asks for a case to be analysed, and keeps what came of it. The analysis itself is a job, queued
together with the request, or not at all.
"""

from dataclasses import dataclass
from datetime import datetime

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries
from casekeep.cases.access import changeable_case
from casekeep.cases.model import AnalysisState, Case, CaseChange
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.jobs.queue import JobName, enqueue
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import CaseId, CaseRef


@dataclass(frozen=True, slots=True)
class Result:
    """What an analysis found: how many files the case has, and how many of them are missing or are
    not what was received.
    """

    files: int
    altered: int

    @property
    def state(self) -> AnalysisState:
        """The state that the case comes to."""
        return AnalysisState.FAILED if self.altered else AnalysisState.COMPLETED


async def request_analysis(
    db: Database, audit: AuditLog, actor: Actor, ref: CaseRef, *, clock: Clock = utc_now
) -> Case:
    """Have a case that `actor` may change analysed, again if it was already; the case as it is
    while that is under way (clinician contract, `POST /cases/analyze/{case_id}`).

    Raises CaseNotVisible.
    """
    details = asked_number(ref)
    asked = Event(Action.CASE_ANALYZED, case_id=asked_case(ref), details=details)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        facts = await changeable_case(tx, actor, ref)
        under_way = CaseChange(analysis_state=AnalysisState.PROCESSING)
        await queries.change(tx, facts.id, under_way, clock())
        await enqueue(tx, JobName.ANALYZE_CASE, facts.id)
        case = await queries.find_case(tx, facts.id)
        if case is None:
            raise CaseNotVisible
        await audit.record(tx, who(actor), Event(Action.CASE_ANALYZED, case_id=facts.id))
    return case


async def finish_analysis(
    tx: Tx, audit: AuditLog, actor: Actor, case_id: CaseId, result: Result | None, *, at: datetime
) -> bool:
    """Keep what an analysis found (None: it could not be done); False if the case is not being
    analysed any more, because somebody said otherwise meanwhile, or finished first, or removed it.
    """
    state = AnalysisState.FAILED if result is None else result.state
    if not await queries.end_processing(tx, case_id, state, at):
        return False
    found = {} if result is None else {"files": result.files, "altered": result.altered}
    details = {"state": state, **found}
    analyzed = Event(Action.CASE_ANALYZED, case_id=case_id, details=details)
    await audit.record(tx, who(actor), analyzed)
    return True
