"""Finds one file and decides about it; for what is shown of a file without its bytes."""

from collections.abc import Callable

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.files import queries
from casekeep.files.model import FileFacts, StoredFile
from casekeep.files.queries import Shown
from casekeep.files.visibility import may_arrange, may_change, may_read
from casekeep.identity.actors import viewer, who
from casekeep.identity.model import Actor
from casekeep.kernel.errors import FileNotVisible
from casekeep.kernel.ids import FileId


async def find_file(db: Database, audit: AuditLog, actor: Actor, file_id: FileId) -> StoredFile:
    """What there is to show about a file but its bytes. Raises FileNotVisible."""
    event = Event(Action.FILE_SHOWN, file_id=file_id)
    async with recording_refusal(audit, actor, event), db.transaction(actor.organization_id) as tx:
        file = readable(actor, await _find(tx, actor, file_id))
    shown = Event(Action.FILE_SHOWN, case_id=file.case_id, file_id=file_id)
    await audit.note_listing(who(actor), shown)
    return file


async def changeable_file(tx: Tx, actor: Actor, file_id: FileId) -> StoredFile:
    """The file, if `actor` may rename or remove it. Raises FileNotVisible."""
    return permitted(actor, await _find(tx, actor, file_id), may_change)


async def arrangeable_file(tx: Tx, actor: Actor, file_id: FileId) -> StoredFile:
    """The file, if `actor` may say where it belongs. Raises FileNotVisible."""
    return permitted(actor, await _find(tx, actor, file_id), may_arrange)


def readable(actor: Actor, found: Shown | None) -> StoredFile:
    """The file, if `actor` may read it. Raises FileNotVisible, also if there is none."""
    return permitted(actor, found, may_read)


def permitted(
    actor: Actor, found: Shown | None, may: Callable[[Actor, FileFacts], bool]
) -> StoredFile:
    """The file, if `may` allows it. Raises FileNotVisible, also if there is none."""
    if found is None or not may(actor, found.facts):
        raise FileNotVisible
    return found.file


async def _find(tx: Tx, actor: Actor, file_id: FileId) -> Shown | None:
    return await queries.find_by_id(tx, file_id, viewer(actor))
