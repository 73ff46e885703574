"""Gives a file another label. Its `file_url` was given once and stays; so does its content."""

from msgspec.structs import replace

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database
from casekeep.files import queries
from casekeep.files.finding import changeable_file
from casekeep.files.model import StoredFile
from casekeep.files.names import LONGEST, clean_name, is_blank
from casekeep.files.text import CSV, TEXT, runs_when_opened
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.errors import FileNotVisible, InputNotValid
from casekeep.kernel.ids import FileId


async def rename_file(
    db: Database, audit: AuditLog, actor: Actor, file_id: FileId, name: str
) -> StoredFile:
    """Change the label of a file that `actor` may change, to `name` (1-255 characters, cleaned).

    Raises FileNotVisible, InputNotValid.
    """
    label = clean_label(name)
    asked = Event(Action.FILE_RENAMED, file_id=file_id)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        file = await changeable_file(tx, actor, file_id)
        demand_fitting(label, file)
        if not await queries.set_name(tx, file_id, label):
            raise FileNotVisible
        renamed = Event(Action.FILE_RENAMED, case_id=file.case_id, file_id=file_id)
        await audit.record(tx, who(actor), renamed)
    return replace(file, name=label)


def clean_label(name: str) -> str:
    """The label that `name` (1-255 characters) makes. Raises InputNotValid."""
    if is_blank(name) or len(name) > LONGEST:
        raise InputNotValid(f"A file name has 1 to {LONGEST} characters")
    return clean_name(name)


def demand_fitting(label: str, file: StoredFile) -> None:
    """Refuse a label that would have a computer run the file. Raises InputNotValid."""
    if file.media_type in (TEXT, CSV) and runs_when_opened(label):
        raise InputNotValid("Text may not have the name of a program or a web page")
