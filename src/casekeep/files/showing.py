"""Shows a case whole, with its files, to whoever may see it."""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries as cases
from casekeep.cases.access import may_see
from casekeep.cases.model import Case
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.files import queries
from casekeep.files.model import StoredFile
from casekeep.files.visibility import may_read
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import CaseRef


async def show_case(
    db: Database, audit: AuditLog, actor: Actor, ref: CaseRef
) -> tuple[Case, tuple[StoredFile, ...]]:
    """A case and its files in upload order (clinician contract, `GET /cases/cases/{case_id}`).

    Raises CaseNotVisible.
    """
    asked = Event(Action.CASE_SHOWN, case_id=asked_case(ref), details=asked_number(ref))
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        case, files = await whole_case(tx, actor, ref)
    shown = Event(Action.CASE_SHOWN, case_id=case.id, details={"count": len(files)})
    await audit.note_listing(who(actor), shown)
    return case, files


async def whole_case(tx: Tx, actor: Actor, ref: CaseRef) -> tuple[Case, tuple[StoredFile, ...]]:
    """A case that `actor` may see, and those of its files that they may read. Raises
    CaseNotVisible.
    """
    case = await cases.find_case(tx, ref)
    if case is None or not may_see(actor, case.facts):
        raise CaseNotVisible
    found = await queries.files_in(tx, case.id)
    return case, tuple(shown.file for shown in found if may_read(actor, shown.facts))
