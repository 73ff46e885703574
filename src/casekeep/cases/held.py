"""The one place that refuses a deletion because of a legal hold, and says who placed it and why.
Ask only about what the actor may delete otherwise: the answer tells them that it is there.
"""

from casekeep.cases import queries_holds
from casekeep.cases.model import Hold
from casekeep.db.database import Tx
from casekeep.kernel.errors import HeldFromDeletion
from casekeep.kernel.ids import CaseId, FileId


async def demand_case_free(tx: Tx, case_id: CaseId) -> None:
    """Go on if neither the case is held nor a file that would go with it. Call `wait_for_holds`
    first in the transaction, so that none is placed meanwhile. Raises HeldFromDeletion.
    """
    if hold := await queries_holds.hold_on_case(tx, case_id):
        what = "This case" if hold.file_id is None else "A file of this case"
        raise HeldFromDeletion(_told(what, hold))


async def demand_file_free(tx: Tx, file_id: FileId, case_id: CaseId | None) -> None:
    """Go on if neither the file is held nor the case it is in. Call `wait_for_holds` first in the
    transaction. Raises HeldFromDeletion.
    """
    if hold := await queries_holds.hold_on_file(tx, file_id, case_id):
        what = "This file" if hold.case_id is None else "The case of this file"
        raise HeldFromDeletion(_told(what, hold))


async def demand_may_leave(tx: Tx, case_id: CaseId) -> None:
    """Go on if a file may leave the case for another: out of a held one it would escape its hold.
    Call `wait_for_holds` first in the transaction. Raises HeldFromDeletion.
    """
    if hold := await queries_holds.hold_on_file(tx, None, case_id):
        raise HeldFromDeletion(_told("The case of this file", hold))


def _told(what: str, hold: Hold) -> str:
    by, on = hold.placed_by_name or "an administrator", hold.placed_at.date().isoformat()
    by = "the operator" if hold.placed_by is None else by
    return f"{what} is under a legal hold placed by {by} on {on}: {hold.reason}"
