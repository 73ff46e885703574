"""SQL of the files room for files that were removed and may be brought back: rows in, frozen data
out. It decides nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from casekeep.db.database import Row, Tx
from casekeep.files.life import Life, becoming, being
from casekeep.files.queries import Shown, case_of_file, shown_of
from casekeep.kernel.ids import FileId, UserId

_ONE = "select * from removed_files where organization_id = $1 and file_id = $2"
_OF_CLINICIAN = """
    select * from removed_files
    where organization_id = $1 and clinician_id = $2 and not case_deleted
    order by deleted_at desc, file_id desc limit $3"""
_RESTORE = f"""
    update files set {becoming(Life.REMOVED, Life.STORED, at="$3")}
    where organization_id = $1 and id = $2 and {being(Life.REMOVED)}"""  # noqa: S608 - constants


async def find_removed(tx: Tx, file_id: FileId) -> Shown | None:
    """A stored file that somebody removed."""
    row = await tx.fetch_row(_ONE, tx.organization_id, file_id)
    return None if row is None else _removed(row)


async def removed_files_of(tx: Tx, clinician_id: UserId, most: int) -> Sequence[Shown]:
    """The files in a clinician's live cases that were removed last, the newest removal first."""
    rows = await tx.fetch(_OF_CLINICIAN, tx.organization_id, clinician_id, most)
    return [_removed(row) for row in rows]


async def mark_restored(tx: Tx, file_id: FileId, at: datetime) -> bool:
    """Bring a removed file back; False if somebody did so meanwhile, or it is purged."""
    return await tx.execute(_RESTORE, tx.organization_id, file_id, at) == 1


def _removed(row: Row) -> Shown:
    """A row with one column more than `shown_files` has."""
    *columns, _ = row
    return shown_of(columns, case_of_file(row), deleted=True)
