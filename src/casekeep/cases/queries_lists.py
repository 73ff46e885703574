"""SQL of the cases room for lists of cases: rows in, frozen data out. It decides nothing. What goes
into the text of a statement comes from the words in here, never from a caller.
"""

import re
from dataclasses import dataclass, field

from casekeep.cases.cursors import Mark
from casekeep.cases.model import Case, CaseFilter, CaseOrder, CaseSort
from casekeep.cases.queries import CASES, case_of
from casekeep.db.database import Row, Tx
from casekeep.kernel.ids import CaseId, UserId

_SORTED_BY = {
    CaseSort.CREATED_AT: "created_at",
    CaseSort.UPDATED_AT: "updated_at",
    CaseSort.PATIENT_NAME: "lower(patient_name)",
    CaseSort.STATUS: "analysis_state",
    CaseSort.ID: "number",
}
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_MEANS_SOMETHING_TO_LIKE = re.compile(r"[\\%_]")

_REMOVED = """clinician_id = $2 and deleted_at is not null and purged_at is null
    order by deleted_at desc, id desc limit $3"""
_COUNTED = "select count(*) from cases where organization_id = $1 and "
_NOT_COUNTED = "select null::bigint"


async def cases_of(
    tx: Tx,
    clinician_id: UserId | None,
    wanted: CaseFilter,
    order: CaseOrder,
    *,
    most: int | None = None,
    skip: int = 0,
    past: Mark | None = None,
) -> tuple[int, list[Case]]:
    """How many cases of a clinician (None: of the organisation) the filter lets through, and those
    of a page, or all, in one statement. `past`: only what comes after that case.
    """
    where = _filter(tx, clinician_id, wanted)
    counted = _NOT_COUNTED if most is None else _COUNTED + where.text()
    _go_past(where, past, order)
    direction = "desc" if order.descending else "asc"
    in_order = f"order by {_SORTED_BY[order.by]} {direction}, id {direction}"
    limits = f"limit {where.argument(most)}::bigint offset {where.argument(skip)}::bigint"
    page = f"{CASES} {where.text()} {in_order} {limits}"
    rows = await tx.fetch(
        f"""select counted.total, page.* from ({counted}) as counted (total)
            left join lateral ({page}) as page on true
            {in_order}""",  # noqa: S608 - the text is made of the words in here, values are arguments
        *where.arguments,
    )
    cases = [_case_after_total(row) for row in rows if row["id"] is not None]
    return (len(cases) if most is None else rows[0]["total"]), cases


async def place_by_name(tx: Tx, clinician_id: UserId | None, case_id: CaseId) -> str | None:
    """Where a case of a clinician (None: of the organisation) stands in the order of names, removed
    or not; None for a case that is not theirs.
    """
    return await tx.fetch_value(
        """select lower(patient_name) from cases
           where organization_id = $1 and id = $2 and ($3::uuid is null or clinician_id = $3)""",
        tx.organization_id,
        case_id,
        clinician_id,
    )


async def removed_cases_of(tx: Tx, clinician_id: UserId, most: int) -> list[Case]:
    """The cases of a clinician that were removed last, the newest removal first."""
    rows = await tx.fetch(CASES + _REMOVED, tx.organization_id, clinician_id, most)
    return [case_of(row) for row in rows]


@dataclass(slots=True)
class _Where:
    """The conditions of a statement beside the organisation, which is its first argument, and the
    arguments that they name.
    """

    arguments: list[object]
    conditions: list[str] = field(default_factory=lambda: ["deleted_at is null"])

    def argument(self, value: object) -> str:
        """The name of another argument."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def add(self, condition: str, *values: object) -> None:
        """Another condition; `{}` in it stands for a value."""
        self.conditions.append(condition.format(*map(self.argument, values)))

    def text(self) -> str:
        """All conditions as SQL."""
        return " and ".join(self.conditions)


def _filter(tx: Tx, clinician_id: UserId | None, wanted: CaseFilter) -> _Where:
    where = _Where([tx.organization_id])
    if clinician_id is not None:
        where.add("clinician_id = {}", clinician_id)
    if wanted.analysis_state is not None:
        where.add("analysis_state = {}", wanted.analysis_state)
    if wanted.since is not None:
        where.add("created_at >= {}", wanted.since)
    if wanted.until is not None:
        where.add("created_at < {}", wanted.until)
    if wanted.search is not None:
        part = "%" + _MEANS_SOMETHING_TO_LIKE.sub(r"\\\g<0>", wanted.search) + "%"
        number = int(wanted.search) if _NUMBER.fullmatch(wanted.search) else None
        where.add("(patient_name ilike {} or summary ilike {} or number = {})", part, part, number)
    return where


def _go_past(where: _Where, past: Mark | None, order: CaseOrder) -> None:
    if past is not None:
        sign = "<" if order.descending else ">"
        expression = _SORTED_BY[order.by]
        where.add(f"({expression}, id) {sign} ({{}}, {{}})", past.place, past.case_id)


def _case_after_total(row: Row) -> Case:
    columns = dict(row)
    del columns["total"]
    return case_of(columns)
