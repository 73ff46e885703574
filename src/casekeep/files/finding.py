"""Finds one file and decides about it; for what is shown of a file without its bytes."""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.files import queries
from casekeep.files.model import StoredFile
from casekeep.files.queries import Shown
from casekeep.files.refusing import recording_refusal
from casekeep.files.visibility import may_change, may_read
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.errors import FileNotVisible
from casekeep.kernel.ids import FileId


async def find_file(db: Database, audit: AuditLog, actor: Actor, file_id: FileId) -> StoredFile:
    """What there is to show about a file but its bytes. Raises FileNotVisible."""
    event = Event(Action.FILE_SHOWN, file_id=file_id)
    async with recording_refusal(audit, actor, event), db.transaction(actor.organization_id) as tx:
        file = readable(actor, await queries.find_by_id(tx, file_id))
    shown = Event(Action.FILE_SHOWN, case_id=file.case_id, file_id=file_id)
    await audit.note_listing(who(actor), shown)
    return file


def readable(actor: Actor, found: Shown | None) -> StoredFile:
    """The file, if `actor` may read it. Raises FileNotVisible, also if there is none."""
    if found is None or not may_read(actor, found.facts):
        raise FileNotVisible
    return found.file


async def changeable_file(tx: Tx, actor: Actor, file_id: FileId) -> StoredFile:
    """The file, if `actor` may rename or remove it. Raises FileNotVisible."""
    found = await queries.find_by_id(tx, file_id)
    if found is None or not may_change(actor, found.facts):
        raise FileNotVisible
    return found.file
