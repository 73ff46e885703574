"""Takes a file away from all who see it. Its row and bytes stay, with who removed it and when,
until they are purged.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.held import demand_file_free
from casekeep.cases.queries_holds import wait_for_holds
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database
from casekeep.files import queries
from casekeep.files.finding import changeable_file
from casekeep.identity.actors import acting_user, who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import FileNotVisible
from casekeep.kernel.ids import CaseRef, FileId
from casekeep.webhooks.announcing import announce
from casekeep.webhooks.model import WebhookEvent


async def remove_file(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    file_id: FileId,
    case: CaseRef | None = None,
    *,
    clock: Clock = utc_now,
) -> None:
    """Remove a file that `actor` may change; if `case` is given, it must be the file's.

    Raises FileNotVisible, also for a second removal, and HeldFromDeletion.
    """
    asked = Event(
        Action.FILE_REMOVED, case_id=asked_case(case), file_id=file_id, details=asked_number(case)
    )
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        await wait_for_holds(tx)
        file = await changeable_file(tx, actor, file_id)
        if case is not None and case not in (file.case_id, file.case_number):
            raise FileNotVisible
        await demand_file_free(tx, file_id, file.case_id)
        if not await queries.mark_removed(tx, file_id, acting_user(actor), clock()):
            raise FileNotVisible
        removed = Event(Action.FILE_REMOVED, case_id=file.case_id, file_id=file_id)
        await audit.record(tx, who(actor), removed)
        if file.case_id is not None:
            await announce(tx, WebhookEvent.FILE_REMOVED, file.case_id, file_id=file_id)
