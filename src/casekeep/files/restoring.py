"""Shows a clinician what was removed and may be brought back, and brings files back. A file of a
removed case comes back with its case, and not before.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.access import may_restore as may_restore_case
from casekeep.cases.queries_lists import removed_cases_of
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database
from casekeep.files import queries_trash
from casekeep.files.finding import changeable_file, permitted
from casekeep.files.model import StoredFile, Trash
from casekeep.files.visibility import may_restore
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Clinician
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import FileNotVisible, RoleNotAllowed
from casekeep.kernel.ids import FileId
from casekeep.webhooks.announcing import announce
from casekeep.webhooks.model import WebhookEvent

MOST_SHOWN = 200
"""Cases, and files, that the trash shows: the last removed. What is older can still be restored."""


async def list_trash(db: Database, audit: AuditLog, actor: Actor) -> Trash:
    """The removed cases of `actor`, and the removed files of their live cases, whoever removed
    them; the newest removal first. Raises RoleNotAllowed.
    """
    asked = Event(Action.CASES_LISTED)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        if not isinstance(actor, Clinician):
            raise RoleNotAllowed
        cases = await removed_cases_of(tx, actor.user_id, MOST_SHOWN)
        found = await queries_trash.removed_files_of(tx, actor.user_id, MOST_SHOWN)
    trash = Trash(
        tuple(case for case in cases if may_restore_case(actor, case.facts)),
        tuple(each.file for each in found if may_restore(actor, each.facts)),
    )
    listed = [
        Event(Action.CASES_LISTED, details={"count": len(trash.cases)}),
        Event(Action.FILES_LISTED, details={"count": len(trash.files)}),
    ]
    for event in listed:
        await audit.note_listing(who(actor), event)
    return trash


async def restore_file(
    db: Database, audit: AuditLog, actor: Actor, file_id: FileId, *, clock: Clock = utc_now
) -> StoredFile:
    """Bring back a removed file of a case that `actor` may change, whoever removed it.

    Raises FileNotVisible, also for a file that is not removed, or whose case is.
    """
    asked = Event(Action.FILE_RESTORED, file_id=file_id)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        file = permitted(actor, await queries_trash.find_removed(tx, file_id), may_restore)
        if not await queries_trash.mark_restored(tx, file_id, clock()):
            raise FileNotVisible
        restored = Event(Action.FILE_RESTORED, case_id=file.case_id, file_id=file_id)
        await audit.record(tx, who(actor), restored)
        if file.case_id is not None:
            await announce(tx, WebhookEvent.FILE_ADDED, file.case_id, file_id=file_id)
        return await changeable_file(tx, actor, file_id)
