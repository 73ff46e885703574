"""SQL of the check that never ends: how far it has come in each organisation. It decides
nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from casekeep.db.database import Tx
from casekeep.kernel.ids import FileId


@dataclass(frozen=True, slots=True)
class Scrub:
    """A round through an organisation's files. `after`: the last one that was checked."""

    began_at: datetime
    ended_at: datetime | None
    after: FileId | None


async def find_scrub(tx: Tx) -> Scrub | None:
    """The round that is under way, or the last one; None before the first."""
    row = await tx.fetch_row(
        "select began_at, ended_at, after_id from scrubs where organization_id = $1",
        tx.organization_id,
    )
    return Scrub(row["began_at"], row["ended_at"], row["after_id"]) if row else None


async def begin_scrub(tx: Tx, at: datetime) -> None:
    """Begin a round."""
    await tx.execute(
        """insert into scrubs (organization_id, began_at) values ($1, $2)
           on conflict (organization_id) do update
           set began_at = $2, ended_at = null, after_id = null, files = 0, bytes = 0
           where scrubs.organization_id = $1""",
        tx.organization_id,
        at,
    )


async def advance_scrub(tx: Tx, after: FileId, files: int, size: int) -> None:
    """So many files and bytes more were checked, up to this file."""
    await tx.execute(
        """update scrubs set after_id = $2, files = files + $3, bytes = bytes + $4
           where organization_id = $1""",
        tx.organization_id,
        after,
        files,
        size,
    )


async def end_scrub(tx: Tx, at: datetime) -> None:
    """End the round."""
    await tx.execute(
        "update scrubs set ended_at = $2 where organization_id = $1", tx.organization_id, at
    )
