"""SQL of cases and the clinicians they are with: rows in, frozen data out. It decides nothing; a
deleted case is not found.
"""

from datetime import datetime

from casekeep.cases.assignment import CaseLine
from casekeep.cases.model import Stage
from casekeep.cases.queries_detail import Place
from casekeep.db.database import Tx
from casekeep.kernel.ids import CaseId, UserId

_LINES = """
    select c.id, c.number, c.stage, c.created_at, u.email
    from cases c
    left join users u on u.organization_id = c.organization_id and u.id = c.clinician_id
    where c.organization_id = $1 and c.deleted_at is null
      and ($2::timestamptz is null or (c.created_at, c.id) < ($2, $3::uuid))"""
_UNASSIGNED = " and c.clinician_id is null"
_NEWEST_FIRST = " order by c.created_at desc, c.id desc limit $4"


async def case_lines(
    tx: Tx, after: Place | None, *, unassigned: bool, most: int
) -> tuple[CaseLine, ...]:
    """The first `most` cases beyond that place, newest first. `unassigned`: only those that no
    clinician has.
    """
    wanted = _LINES + (_UNASSIGNED if unassigned else "") + _NEWEST_FIRST
    rows = await tx.fetch(wanted, tx.organization_id, *(after or (None, None)), most)
    return tuple(
        CaseLine(row["id"], row["number"], Stage(row["stage"]), row["created_at"], row["email"])
        for row in rows
    )


async def hold_clinician(tx: Tx, user_id: UserId) -> bool:
    """Whether this is the open account of a clinician; if so, it is not closed before the
    transaction ends.
    """
    held = await tx.fetch_value(
        """select id from users
           where organization_id = $1 and id = $2 and role = 'clinician' and disabled_at is null
           for share""",
        tx.organization_id,
        user_id,
    )
    return held is not None


async def set_clinician(tx: Tx, case_id: CaseId, clinician_id: UserId, at: datetime) -> bool:
    """Give a case to a clinician; False if it is theirs already, or was removed."""
    changed = await tx.execute(
        """update cases set clinician_id = $3, updated_at = $4
           where organization_id = $1 and id = $2 and clinician_id is distinct from $3
             and deleted_at is null""",
        tx.organization_id,
        case_id,
        clinician_id,
        at,
    )
    return changed == 1
