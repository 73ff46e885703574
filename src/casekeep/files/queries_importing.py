"""SQL of the files room for imports: which content a case has already. It decides nothing."""

from casekeep.db.database import Tx
from casekeep.kernel.ids import CaseId

_CONTENTS = """
    select size, sha256 from files
    where organization_id = $1 and case_id = $2 and state = 'stored' and deleted_at is null"""
_HAS_CONTENT = """
    select exists (
        select from files
        where organization_id = $1 and case_id = $2 and state = 'stored' and deleted_at is null
          and sha256 = $3)"""


async def contents_of(tx: Tx, case_id: CaseId) -> set[tuple[int, bytes]]:
    """Size in bytes and SHA-256 of every file of a case that nobody removed."""
    rows = await tx.fetch(_CONTENTS, tx.organization_id, case_id)
    return {(row["size"], row["sha256"]) for row in rows}


async def has_content(tx: Tx, case_id: CaseId, sha256: bytes) -> bool:
    """Whether a case has a file of this content that nobody removed."""
    return await tx.fetch_value(_HAS_CONTENT, tx.organization_id, case_id, sha256)
