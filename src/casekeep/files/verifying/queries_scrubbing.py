"""SQL of the check that never ends: how far it has come in each organisation, and the lock by which
one process alone does it. It decides nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from casekeep.db.database import Tx
from casekeep.kernel.ids import FileId

if TYPE_CHECKING:
    from casekeep.db.database import Connection

# The second of our advisory locks of two numbers; the first are the receivers'.
_SCRUBBER = 1_128_353_108


@dataclass(frozen=True, slots=True)
class Scrub:
    """A round through an organisation's files. `after`: the last one that was checked."""

    began_at: datetime
    ended_at: datetime | None
    after: FileId | None


async def try_to_lead(connection: "Connection") -> bool:
    """Be the one process that scrubs, for as long as this connection lives; False if one is."""
    return await connection.fetchval("select pg_try_advisory_lock($1::integer, 0)", _SCRUBBER)


async def still_leads(connection: "Connection", seconds: float) -> bool:
    """Whether the lock is held still. Raises when there is no answer within `seconds`."""
    return await connection.fetchval(
        """select exists (select from pg_locks where locktype = 'advisory' and granted
                          and pid = pg_backend_pid() and classid = $1::bigint::oid)""",
        _SCRUBBER,
        timeout=seconds,
    )


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
