"""SQL of files with what they came with: rows in, frozen data out. It decides nothing."""

from collections.abc import Sequence
from uuid import UUID

from casekeep.db.database import Row, Tx
from casekeep.files.model import CaseFile
from casekeep.files.queries import case_of_file, shown_of
from casekeep.kernel.ids import CaseId, CommunicationId, FileId

_OF_CASES = """
    select * from detailed_files
    where organization_id = $1 and case_id = any($2) and not deleted
    order by created_at, file_id"""
_OF_COMMUNICATION = """
    select * from detailed_files
    where organization_id = $1 and case_id = $2 and communication_id = $3 and not deleted
    order by created_at, file_id"""
_BY_ID = "select * from detailed_files where organization_id = $1 and file_id = $2"
_OF_ITS_OWN = 3
"""Columns of `detailed_files` after those that it begins with."""


async def files_of_cases(tx: Tx, case_ids: Sequence[UUID]) -> tuple[CaseFile, ...]:
    """The files of these cases that nobody removed, in upload order."""
    rows = await tx.fetch(_OF_CASES, tx.organization_id, case_ids)
    return tuple(_case_file(row) for row in rows)


async def files_of_communication(
    tx: Tx, case_id: CaseId, communication_id: CommunicationId
) -> tuple[CaseFile, ...]:
    """The files that came with something that was said, as they were sent."""
    rows = await tx.fetch(_OF_COMMUNICATION, tx.organization_id, case_id, communication_id)
    return tuple(_case_file(row) for row in rows)


async def case_file(tx: Tx, file_id: FileId) -> CaseFile | None:
    """A stored file of a case, removed or not."""
    row = await tx.fetch_row(_BY_ID, tx.organization_id, file_id)
    return None if row is None else _case_file(row)


def _case_file(row: Row) -> CaseFile:
    shown = shown_of(row[:-_OF_ITS_OWN], case_of_file(row), deleted=row["deleted"])
    return CaseFile(shown.file, shown.facts, row["answer_id"], row["communication_id"])
