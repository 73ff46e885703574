"""Changes a clinician's marks on a file, and moves it from one case to another. Its `file_url` was
given once and stays; so does its content, and its size is not judged again.
"""

import dataclasses

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.access import changeable_case, visible_case
from casekeep.cases.held import demand_may_leave
from casekeep.cases.model import CaseFacts
from casekeep.cases.queries_holds import wait_for_holds
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.files import queries
from casekeep.files.finding import arrangeable_file
from casekeep.files.model import FileChange, StoredFile
from casekeep.files.renaming import clean_label, demand_fitting
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.errors import FileNotVisible, InputNotValid, NothingToUpdate
from casekeep.kernel.ids import CaseRef, FileId
from casekeep.webhooks.announcing import announce
from casekeep.webhooks.model import WebhookEvent


async def change_file(
    db: Database, audit: AuditLog, actor: Actor, file_id: FileId, change: FileChange
) -> StoredFile:
    """Change a file that `actor` may arrange (clinician contract, `PATCH /cases/file/{file_id}`). A
    general document can only be moved, into a case of its own patient; with that it is an ordinary
    file, which may be changed in the same act.

    Raises FileNotVisible, CaseNotVisible for the case it is to move to, HeldFromDeletion for a file
    that is to leave a case under a hold, InputNotValid, NothingToUpdate.
    """
    if change == FileChange():
        raise NothingToUpdate
    if change.name is not None:
        change = dataclasses.replace(change, name=clean_label(change.name))
    details = asked_number(change.case)
    asked = Event(
        Action.FILE_CHANGED, case_id=asked_case(change.case), file_id=file_id, details=details
    )
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        if change.case is not None:
            await wait_for_holds(tx)
        file = await _held_file(tx, actor, file_id)
        if change.name is not None:
            demand_fitting(change.name, file)
        case = await _destination(tx, actor, file, change.case)
        if case is not None and file.case_id is not None and file.case_id != case.id:
            await demand_may_leave(tx, file.case_id)
        if not await queries.change(tx, file_id, change, case):
            raise FileNotVisible
        await audit.record(tx, who(actor), _changed(file, case))
        if case is not None and case.id != file.case_id:
            await announce(tx, WebhookEvent.FILE_ADDED, case.id, file_id=file_id)
        return await arrangeable_file(tx, actor, file_id)


async def _held_file(tx: Tx, actor: Actor, file_id: FileId) -> StoredFile:
    """The file as it stays until the transaction ends. Only a file that may be changed is held, so
    that nobody holds up anybody else's.
    """
    await arrangeable_file(tx, actor, file_id)
    await queries.lock_file(tx, file_id)
    return await arrangeable_file(tx, actor, file_id)


async def _destination(
    tx: Tx, actor: Actor, file: StoredFile, wanted: CaseRef | None
) -> CaseFacts | None:
    """The case to move to, held together with the one to leave; None if the file stays."""
    if wanted is None:
        if file.case_id is None:
            raise InputNotValid("A general document can only be moved into a case")
        return None
    wanted_id = (await visible_case(tx, actor, wanted)).id
    # In one order for everybody, so that no two moves wait for each other.
    held = {
        case_id: await changeable_case(tx, actor, case_id)
        for case_id in sorted({wanted_id, file.case_id or wanted_id})
    }
    case = held[wanted_id]
    if file.case_id is None and file.patient_id != case.patient_id:
        raise InputNotValid("A general document can only be moved into a case of its patient")
    return case


def _changed(file: StoredFile, case: CaseFacts | None) -> Event:
    if case is None or case.id == file.case_id:
        return Event(Action.FILE_CHANGED, case_id=file.case_id, file_id=file.id)
    details = {"from_case": file.case_id}
    return Event(Action.FILE_CHANGED, case_id=case.id, file_id=file.id, details=details)
