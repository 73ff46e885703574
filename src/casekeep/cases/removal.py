"""Takes a case away from all who see it, and brings it back. Its files go and come with it; those
that were removed one by one stay removed.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries, queries_holds
from casekeep.cases.access import changeable_case, restorable_case
from casekeep.cases.held import demand_case_free
from casekeep.cases.model import Case
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database
from casekeep.identity.actors import acting_user, who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import CaseRef


async def remove_case(
    db: Database, audit: AuditLog, actor: Actor, ref: CaseRef, *, clock: Clock = utc_now
) -> None:
    """Remove a case that `actor` may change. Its rows and bytes stay until they are purged.

    Raises CaseNotVisible, also for a second removal, and HeldFromDeletion.
    """
    details = asked_number(ref)
    asked = Event(Action.CASE_REMOVED, case_id=asked_case(ref), details=details)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        await queries_holds.wait_for_holds(tx)
        facts = await changeable_case(tx, actor, ref)
        await demand_case_free(tx, facts.id)
        await queries.mark_removed(tx, facts.id, acting_user(actor), clock())
        await audit.record(tx, who(actor), Event(Action.CASE_REMOVED, case_id=facts.id))


async def restore_case(
    db: Database, audit: AuditLog, actor: Actor, ref: CaseRef, *, clock: Clock = utc_now
) -> Case:
    """Bring back a removed case that `actor` might change before, as it was.

    Raises CaseNotVisible, also for a case that is not removed.
    """
    details = asked_number(ref)
    asked = Event(Action.CASE_RESTORED, case_id=asked_case(ref), details=details)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        facts = await restorable_case(tx, actor, ref)
        await queries.mark_restored(tx, facts.id, clock())
        case = await queries.find_case(tx, facts.id)
        if case is None:
            raise CaseNotVisible
        await audit.record(tx, who(actor), Event(Action.CASE_RESTORED, case_id=facts.id))
    return case
