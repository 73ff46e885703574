"""SQL of the backups room: which blobs the database names, and what becomes of those that were
purged before they could be copied.
"""

from collections.abc import Collection

from casekeep.db.database import Tx
from casekeep.kernel.ids import FileId

NAMED_BLOBS = """
    select f.organization_id, f.id, f.size from files f
    where f.organization_id = $1 and f.state = 'stored'
    order by substr(f.id::text, 25, 2), f.id"""
"""Every blob of an organisation that must be there, in the order of a backup's list. A file is
stored only after its bytes are durable, so what a snapshot names can be copied at any time later,
unless it is purged."""


GIVE_UP = """
    update files set state = 'discarded'
    where organization_id = $1 and id = any($2::uuid[]) and state = 'stored'"""
"""Lets the sweeper remove the rows of files that were purged before they could be copied."""


async def stored_among(tx: Tx, file_ids: Collection[FileId]) -> set[FileId]:
    """Which of these files are stored now."""
    rows = await tx.fetch(
        "select id from files where organization_id = $1 and id = any($2) and state = 'stored'",
        tx.organization_id,
        list(file_ids),
    )
    return {row["id"] for row in rows}


async def stored_files(tx: Tx, after: FileId, most: int) -> list[tuple[FileId, int, bytes]]:
    """The next stored files by id: id, size and SHA-256 of the content."""
    rows = await tx.fetch(
        """select id, size, sha256 from files
           where organization_id = $1 and state = 'stored' and id > $2 order by id limit $3""",
        tx.organization_id,
        after,
        most,
    )
    return [(row["id"], row["size"], row["sha256"]) for row in rows]
