"""Gives a patient a signed link to one of their files. A link opens the file without any other
proof, so that it was given is committed to the audit before it leaves the house.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database
from casekeep.files import queries
from casekeep.files.finding import readable
from casekeep.files.links import Links
from casekeep.files.model import StoredFile
from casekeep.identity.actors import viewer, who
from casekeep.identity.model import Patient
from casekeep.kernel.ids import FileId


async def link_file(
    db: Database, audit: AuditLog, links: Links, actor: Patient, file_id: FileId
) -> tuple[str, StoredFile]:
    """The token of a link to a file that `actor` may read, and the file. Raises FileNotVisible."""
    asked = Event(Action.FILE_LINKED, file_id=file_id)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        file = readable(actor, await queries.find_by_id(tx, file_id, viewer(actor)))
        linked = Event(Action.FILE_LINKED, case_id=file.case_id, file_id=file.id)
        await audit.record(tx, who(actor), linked)
    return links.sign(actor, file.id), file
