"""Finds out what became of a case when the answer to its commit was lost. It decides nothing about
who may see it.
"""

from casekeep.cases import queries
from casekeep.db.database import Tx
from casekeep.kernel.ids import CaseId


async def was_opened(tx: Tx, case_id: CaseId) -> bool:
    """Whether a case was opened; waits for a commit that is still under way, since every case that
    is opened holds its organisation's number until then.
    """
    await queries.wait_for_numbers(tx)
    return await queries.has_case(tx, case_id)
