"""Reads what a list of cases is asked for, strictly: whatever is not exactly what the contract
names is refused, every problem at once, and nothing is guessed.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from casekeep.cases.listing import DEEPEST, LARGEST_PAGE
from casekeep.cases.model import AnalysisState, CaseFilter, CaseOrder, CaseSort, PageAsked

from .errors import FieldsNotValid, field_problem

LONGEST_SEARCH = 200
"""Characters that may be searched for."""

USUAL_LIMIT = 50
"""Cases on a page that is asked for without saying how many."""

STATES = {
    **{state.value: state for state in AnalysisState},
    "analyzing": AnalysisState.PROCESSING,
}
"""Every word for a state; one state has two (clinician contract, "Cases")."""

SORTS = {sort.value: sort for sort in CaseSort}
ORDERS = {"asc": False, "desc": True}
"""Whether each order is a descending one."""

T = TypeVar("T")

_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_NOT_A_TIME = "Input should be an ISO 8601 date or date-time"
_DAY, _SECOND, _MICROSECOND = timedelta(days=1), timedelta(seconds=1), timedelta(microseconds=1)


class CaseQuery(NamedTuple):
    """What a list is asked for. `number`: of the page, where pages are asked for by number."""

    wanted: CaseFilter
    order: CaseOrder
    page: PageAsked | None
    number: int | None


def read_case_query(given: Mapping[str, str | None]) -> CaseQuery:
    """The query of a list, by the names of its parameters. Raises FieldsNotValid."""
    query = _Query(given)
    wanted = CaseFilter(
        analysis_state=query.word("status", STATES),
        search=query.search(),
        since=query.since(),
        until=query.until(),
    )
    order = CaseOrder(
        query.word("sort_by", SORTS) or CaseSort.CREATED_AT,
        query.word("sort_order", ORDERS) is not False,
    )
    page, number = query.page()
    query.demand_valid()
    return CaseQuery(wanted, order, page, number)


class _Query:
    """The parameters, each read by itself, and what is wrong with them so far."""

    def __init__(self, given: Mapping[str, str | None]) -> None:
        self._given = given
        self._problems: list[dict[str, Any]] = []

    def demand_valid(self) -> None:
        if self._problems:
            raise FieldsNotValid(*self._problems)

    def word(self, name: str, words: Mapping[str, T]) -> T | None:
        text = self._given[name]
        if text is not None and text not in words:
            self._problem(name, f"Input should be one of {', '.join(words)}")
        return None if text is None else words.get(text)

    def search(self) -> str | None:
        text = (self._given["search"] or "").strip()
        if len(text) > LONGEST_SEARCH or "\0" in text:
            self._problem("search", f"Input should have at most {LONGEST_SEARCH} characters")
        return text or None

    def since(self) -> datetime | None:
        read = self._time("start_date")
        return None if read is None else read[0]

    def until(self) -> datetime | None:
        """The first moment after `end_date`: times are told in whole seconds, so that one without
        a fraction means all of its second.
        """
        read = self._time("end_date")
        if read is None:
            return None
        moment, precision = read
        try:
            return moment + precision
        except OverflowError:
            self._problem("end_date", _NOT_A_TIME)
            return None

    def page(self) -> tuple[PageAsked | None, int | None]:
        limit, number = self._number("limit", LARGEST_PAGE), self._number("page")
        after = self._given["after"]
        if after is not None and self._given["page"] is not None:
            self._problem("after", "Send page or after, not both")
        if all(self._given[name] is None for name in ("limit", "page", "after")):
            return None, None
        limit = limit or USUAL_LIMIT
        if after is not None:
            return PageAsked(limit, after=after), None
        number = number or 1
        skip = (number - 1) * limit
        if skip > DEEPEST:
            self._problem("page", f"Pages begin after at most {DEEPEST} cases; use after")
        return PageAsked(limit, skip), number

    def _number(self, name: str, most: int | None = None) -> int | None:
        text = self._given[name]
        if text is None:
            return None
        if not _NUMBER.fullmatch(text) or (most is not None and int(text) > most):
            up_to = "" if most is None else f" to {most}"
            self._problem(name, f"Input should be a whole number from 1{up_to}")
            return None
        return int(text)

    def _time(self, name: str) -> tuple[datetime, timedelta] | None:
        text = self._given[name]
        if text is None:
            return None
        read = _time_in(text)
        if read is None:
            self._problem(name, _NOT_A_TIME)
        return read

    def _problem(self, name: str, message: str) -> None:
        self._problems.append(field_problem("query", name, message, self._given[name]))


def _time_in(text: str) -> tuple[datetime, timedelta] | None:
    """A moment, and how exactly it is given; one without a zone is in UTC. None if it is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    exact = _DAY if found[1] is None else _SECOND if found[3] is None else _MICROSECOND
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), exact
    except (ValueError, OverflowError):
        return None
