"""Destroys one removed file or case at once, because an operator says so: its time in the trash is
not waited for, but a hold, and the time that it is to be kept at least, stand.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.cases import queries as cases
from casekeep.cases.queries_holds import wait_for_holds
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.files.queries_trash import find_removed
from casekeep.identity.model import Operator
from casekeep.kernel.errors import CaseNotVisible, FileNotVisible, HeldFromDeletion
from casekeep.kernel.ids import CaseRef, FileId
from casekeep.retention import queries_due
from casekeep.retention.model import Due, Purged, Reason
from casekeep.retention.purging import Purging, begin, begin_case, finish_purging

_KEPT = "is under a legal hold, or is to be kept longer"


async def purge_file(parts: Purging, actor: Operator, file_id: FileId) -> Purged:
    """Destroy a file that is in the trash. Raises FileNotVisible for any other, and
    HeldFromDeletion for one that is held or to be kept longer.
    """
    asked = Event(Action.FILE_PURGED, file_id=file_id)
    async with (
        recording_refusal(parts.audit, actor, asked),
        parts.db.transaction(actor.organization_id) as tx,
    ):
        await wait_for_holds(tx)
        if await find_removed(tx, file_id) is None:
            raise FileNotVisible
        if not await queries_due.is_file_free(tx, file_id, parts.clock()):
            raise HeldFromDeletion(f"The file cannot be purged: it {_KEPT}")
        begun = await begin(tx, parts, [file_id], Reason.COMMAND)
    return await _finished(parts, actor, begun)


async def purge_case(parts: Purging, actor: Operator, ref: CaseRef) -> Purged:
    """Destroy a case that is in the trash, with all its files. Raises CaseNotVisible for any other,
    and HeldFromDeletion for one of which anything is held or to be kept longer.
    """
    asked = Event(Action.CASE_PURGED, case_id=asked_case(ref), details=asked_number(ref))
    async with (
        recording_refusal(parts.audit, actor, asked),
        parts.db.transaction(actor.organization_id) as tx,
    ):
        await wait_for_holds(tx)
        case = await cases.case_facts(tx, ref, lock=True)
        if case is None or not case.deleted:
            raise CaseNotVisible
        if not await queries_due.is_case_free(tx, case.id, parts.clock()):
            raise HeldFromDeletion(f"The case cannot be purged: it or one of its files {_KEPT}")
        begun = await begin_case(tx, parts, case.id, Reason.COMMAND)
    return await _finished(parts, actor, begun)


async def _finished(parts: Purging, actor: Operator, begun: Due) -> Purged:
    finished, left = await finish_purging(parts, actor.organization_id)
    return Purged(begun, finished, left)
