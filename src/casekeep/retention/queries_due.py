"""SQL that finds what is due: what a schedule removes, and what in the trash may be purged. What is
under a hold, or is to be kept longer, is never among it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from casekeep.db.database import Tx
from casekeep.files.life import Life, being
from casekeep.kernel.ids import CaseId, FileId
from casekeep.retention.model import Due

_SCHEDULE = """
    left join retention_schedules s on s.organization_id = $1 and s.category = f.category"""
_KEPT = "f.created_at > $2::timestamptz - make_interval(days => coalesce(s.keep_at_least_days, 0))"
_HELD = """
    (exists (select from holds h
             where h.organization_id = $1 and h.file_id = f.id and h.lifted_at is null)
     or exists (select from holds h
                where h.organization_id = $1 and h.case_id = f.case_id and h.lifted_at is null))"""
_FREE = f"not ({_KEPT}) and not {_HELD}"
_TRASH_ENDS = """
    (select $2::timestamptz - make_interval(days => coalesce(o.trash_days, $3::integer))
     from organizations o where o.id = $1)"""
_FILES = f"""
    from files f {_SCHEDULE}
    where f.organization_id = $1 and {being(Life.REMOVED, "f")} and {_FREE}"""
_DUE_FILES = f"{_FILES} and f.deleted_at <= {_TRASH_ENDS}"
# One look for those of its files that are shown, and one for those removed before: each has its
# index.
_KEEPS = f"""
    exists (select from files f {_SCHEDULE}
            where f.organization_id = $1 and f.case_id = c.id and {{being}}
              and ({_KEPT} or {_HELD}))"""
_FREE_CASE = f"""
    c.organization_id = $1 and c.deleted_at is not null and c.purged_at is null
    and not exists (select from holds h
                    where h.organization_id = $1 and h.case_id = c.id and h.lifted_at is null)
    and not {_KEEPS.format(being=being(Life.STORED, "f"))}
    and not {_KEEPS.format(being=being(Life.REMOVED, "f"))}"""
_DUE_CASES = f"from cases c where {_FREE_CASE} and c.deleted_at <= {_TRASH_ENDS}"
_COUNT_FILES = f"""
    with due_cases as materialized (select c.id {_DUE_CASES}),
    due as (
        select f.id, f.size {_DUE_FILES}
        union
        select f.id, f.size from files f
        where f.organization_id = $1 and f.state = 'stored'
          and f.case_id in (select id from due_cases)
    )
    select (select count(*) from due_cases), count(*), coalesce(sum(size), 0)::bigint from due"""  # noqa: S608 - constants of this module
_BY_SCHEDULE = f"""
    from files f
    join retention_schedules s on s.organization_id = $1 and s.category = f.category
    left join cases c on c.organization_id = $1 and c.id = f.case_id
    where f.organization_id = $1 and {being(Life.STORED, "f")} and c.deleted_at is null
      and f.created_at <= $2::timestamptz - make_interval(days => s.remove_after_days)
      and greatest(f.restored_at, c.restored_at, f.created_at)
          <= $2::timestamptz - make_interval(days => s.remove_after_days)
      and not {_HELD}"""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A file that its schedule removes now."""

    id: FileId
    case_id: CaseId | None


async def count_due(tx: Tx, now: datetime, trash_days: int) -> Due:
    """How much is due now. `trash_days`: where the organisation says nothing."""
    row = await tx.fetch_row(_COUNT_FILES, tx.organization_id, now, trash_days)
    removed = await tx.fetch_value("select count(*) " + _BY_SCHEDULE, tx.organization_id, now)
    return Due(removed, *row) if row else Due(removed)


async def due_files(tx: Tx, now: datetime, trash_days: int, most: int) -> list[FileId]:
    """Files in the trash that are due, the oldest removal first; their rows are held until the
    transaction ends.
    """
    rows = await tx.fetch(
        f"select f.id {_DUE_FILES} order by f.deleted_at, f.id limit $4 for no key update of f",
        tx.organization_id,
        now,
        trash_days,
        most,
    )
    return [row["id"] for row in rows]


async def due_case(tx: Tx, now: datetime, trash_days: int) -> CaseId | None:
    """The case in the trash that is due, with all its files, and was removed first; its row is held
    until the transaction ends.
    """
    return await tx.fetch_value(
        f"select c.id {_DUE_CASES} order by c.deleted_at, c.id limit 1 for no key update of c",
        tx.organization_id,
        now,
        trash_days,
    )


async def is_file_free(tx: Tx, file_id: FileId, now: datetime) -> bool:
    """Whether a removed file is neither held nor to be kept longer; its row is held until the
    transaction ends.
    """
    return (
        await tx.fetch_value(
            f"select true {_FILES} and f.id = $3 for no key update of f",
            tx.organization_id,
            now,
            file_id,
        )
        is True
    )


async def is_case_free(tx: Tx, case_id: CaseId, now: datetime) -> bool:
    """The same of a removed case and all its files."""
    return (
        await tx.fetch_value(
            f"select true from cases c where {_FREE_CASE} and c.id = $3 for no key update of c",  # noqa: S608 - constants of this module
            tx.organization_id,
            now,
            case_id,
        )
        is True
    )


async def scheduled(
    tx: Tx, now: datetime, most: int, among: Sequence[FileId] | None = None
) -> list[Scheduled]:
    """Files that their schedule removes now, the oldest first. `among`: of these alone, whose rows
    are held until the transaction ends.
    """
    ordered = " order by f.created_at, f.id limit $3"
    if among is None:
        wanted, given = ordered, (now, most)
    else:
        wanted, given = f" and f.id = any($4){ordered} for no key update of f", (now, most, among)
    rows = await tx.fetch(
        f"select f.id, f.case_id {_BY_SCHEDULE}{wanted}",
        tx.organization_id,
        *given,
    )
    return [Scheduled(**dict(row)) for row in rows]
