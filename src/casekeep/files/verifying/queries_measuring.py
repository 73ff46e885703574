"""SQL that counts what an organisation has stored, for whoever watches the server."""

from dataclasses import dataclass
from datetime import datetime

from casekeep.db.database import Tx
from casekeep.files.verifying.model import Damage


@dataclass(frozen=True, slots=True)
class Stock:
    """Stored files and their bytes, files that are arriving or to be cleared away, uploads in parts
    that are not over, and where the round of the check that never ends stands.
    """

    files: int
    bytes: int
    unfinished: int
    in_parts: int
    scrubbed: int
    round_began_at: datetime | None


async def stock(tx: Tx) -> Stock:
    """What the organisation has."""
    row = await tx.fetch_row(
        """select (select count(*) from files where organization_id = $1 and state = 'stored'),
                  (select coalesce(sum(size), 0)::bigint from files
                   where organization_id = $1 and state = 'stored'),
                  (select count(*) from files where organization_id = $1
                     and state in ('receiving', 'discarded', 'purging')),
                  (select count(*) from uploads where organization_id = $1
                     and state in ('receiving', 'complete')),
                  coalesce((select files from scrubs where organization_id = $1), 0),
                  (select began_at from scrubs where organization_id = $1)""",
        tx.organization_id,
    )
    return Stock(*row) if row else Stock(0, 0, 0, 0, 0, None)


async def open_findings(tx: Tx) -> dict[Damage, int]:
    """How much of each kind is damaged now."""
    rows = await tx.fetch(
        """select kind, count(*) as count from findings
           where organization_id = $1 and mended_at is null group by kind""",
        tx.organization_id,
    )
    return {Damage(row["kind"]): row["count"] for row in rows}
