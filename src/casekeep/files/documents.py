"""Lists a patient's general documents for whoever changes one of their cases. A document itself is
found, opened and moved like any file.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.access import changeable_case
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database
from casekeep.files import queries
from casekeep.files.model import StoredFile
from casekeep.files.visibility import may_read
from casekeep.identity.actors import viewer, who
from casekeep.identity.model import Actor
from casekeep.kernel.ids import CaseRef


async def list_documents(
    db: Database, audit: AuditLog, actor: Actor, ref: CaseRef
) -> tuple[StoredFile, ...]:
    """The general documents of the patient of a case that `actor` may change, in upload order;
    none for a case without a patient's account (clinician contract, ours).

    Raises CaseNotVisible.
    """
    asked = Event(Action.FILES_LISTED, case_id=asked_case(ref), details=asked_number(ref))
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        case = await changeable_case(tx, actor, ref, lock=False)
        patient_id = case.patient_id
        found = (
            [] if patient_id is None else await queries.documents_of(tx, patient_id, viewer(actor))
        )
    files = tuple(shown.file for shown in found if may_read(actor, shown.facts))
    details = {"count": len(files)}
    listed = Event(Action.FILES_LISTED, case_id=case.id, subject_id=patient_id, details=details)
    await audit.note_listing(who(actor), listed)
    return files
