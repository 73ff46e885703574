"""SQL of the cases room for legal holds: rows in, frozen data out. It decides nothing; its locks
make a hold and a deletion wait for each other, so that one of them comes wholly first.
"""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from casekeep.cases.model import Hold
from casekeep.db.database import Tx
from casekeep.kernel.ids import CaseId, FileId, HoldId, UserId

_HOLDS = """
    select h.id, h.case_id, h.file_id, h.reason, h.placed_at, h.placed_by,
           nullif(concat_ws(' ', u.first_name, u.last_name), '') as placed_by_name,
           h.lifted_at, h.lifted_by
    from holds h left join users u on u.organization_id = $1 and u.id = h.placed_by
    where h.organization_id = $1 """
_FIRST = " order by h.placed_at, h.id limit 1"
_ON_CASE = f"""{_HOLDS}
    and h.lifted_at is null and (h.case_id = $2 or h.file_id in (
        select f.id from files f
        where f.organization_id = $1 and f.case_id = $2 and f.state = 'stored'
          and f.deleted_at is null)) {_FIRST}"""  # noqa: S608 - constants of this module
_ON_FILE = _HOLDS + "and h.lifted_at is null and (h.file_id = $2 or h.case_id = $3)" + _FIRST
_ALL = f"""{_HOLDS}
    and ($2 or h.lifted_at is null)
    and ($3::timestamptz is null or (h.placed_at, h.id) < ($3, $4::uuid))
    order by h.placed_at desc, h.id desc limit $5"""


async def wait_for_holds(tx: Tx) -> None:
    """Wait for whoever is placing a hold in the organisation, and let the next one wait until this
    transaction ends. Deletions do not wait for each other. Call it before any row is locked.
    """
    await tx.execute("select pg_advisory_xact_lock_shared($1::bigint)", _lock_of(tx))


async def stop_deletions(tx: Tx) -> None:
    """Wait for every deletion under way in the organisation, and let those to come wait until this
    transaction ends. Call it before any row is locked.
    """
    await tx.execute("select pg_advisory_xact_lock($1::bigint)", _lock_of(tx))


async def hold_on_case(tx: Tx, case_id: CaseId) -> Hold | None:
    """The oldest hold on a case, or on a file that would be removed with it."""
    row = await tx.fetch_row(_ON_CASE, tx.organization_id, case_id)
    return None if row is None else Hold(**dict(row))


async def hold_on_file(tx: Tx, file_id: FileId | None, case_id: CaseId | None) -> Hold | None:
    """The oldest hold on a file, or on the case that it is in; either may be left out."""
    row = await tx.fetch_row(_ON_FILE, tx.organization_id, file_id, case_id)
    return None if row is None else Hold(**dict(row))


async def can_be_held(tx: Tx, file_id: FileId) -> bool:
    """Whether there is such a file, removed or not, whose purge has not begun."""
    return await tx.fetch_value(
        """select exists (select from files where organization_id = $1 and id = $2
                          and state = 'stored')""",
        tx.organization_id,
        file_id,
    )


async def insert_hold(tx: Tx, hold: Hold, by: UserId | None) -> None:
    """Write a new hold."""
    await tx.execute(
        """insert into holds (id, organization_id, case_id, file_id, reason, placed_at, placed_by)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        hold.id,
        tx.organization_id,
        hold.case_id,
        hold.file_id,
        hold.reason,
        hold.placed_at,
        by,
    )


async def mark_lifted(tx: Tx, hold_id: HoldId, by: UserId | None, at: datetime) -> bool:
    """End a hold; False if there is none, or it was lifted before."""
    lifted = await tx.execute(
        """update holds set lifted_at = $3, lifted_by = $4
           where organization_id = $1 and id = $2 and lifted_at is null""",
        tx.organization_id,
        hold_id,
        at,
        by,
    )
    return lifted == 1


async def find_hold(tx: Tx, hold_id: HoldId) -> Hold | None:
    """A hold, lifted or not."""
    row = await tx.fetch_row(_HOLDS + "and h.id = $2", tx.organization_id, hold_id)
    return None if row is None else Hold(**dict(row))


async def holds(
    tx: Tx, *, lifted: bool, most: int, after: tuple[datetime, UUID] | None
) -> list[Hold]:
    """The holds, newest first, beyond the one that `after` names."""
    rows = await tx.fetch(_ALL, tx.organization_id, lifted, *(after or (None, None)), most)
    return [Hold(**dict(row)) for row in rows]


def _lock_of(tx: Tx) -> int:
    """The number of the organisation's lock, among those of replayed cases."""
    digest = sha256(b"casekeep holds " + tx.organization_id.bytes).digest()
    return int.from_bytes(digest[:8], signed=True)
