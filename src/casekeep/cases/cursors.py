"""The cursor of a list of cases: where a page ended, as opaque text, bound to one order. It grants
nothing, and never holds a patient's name, since it ends up in URLs.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, assert_never
from uuid import UUID

import msgspec

from casekeep.cases.model import AnalysisState, Case, CaseOrder, CaseSort
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CaseId

Place = datetime | int | str | None
"""Where in its order a case stands; None in the order of names, where only the database says."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST_NUMBER = 2**63 - 1


class Mark(NamedTuple):
    """The last case of a page, and where it stood when the page was made."""

    case_id: CaseId
    place: Place


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    by: CaseSort
    descending: bool
    case_id: UUID
    place: int | str | None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Cursor).decode


def cursor_after(case: Case, order: CaseOrder) -> str:
    """The cursor of the page that follows `case`."""
    cursor = _Cursor(order.by, order.descending, case.id, _written(case, order.by))
    return urlsafe_b64encode(_encode(cursor)).decode().rstrip("=")


def read_cursor(text: str, order: CaseOrder) -> Mark:
    """Where a page in this very order begins. Raises InputNotValid."""
    try:
        cursor = _decode(urlsafe_b64decode(text.encode("ascii") + b"=="))
        place = _read(cursor)
    except (ValueError, OverflowError, msgspec.MsgspecError):
        raise InputNotValid("after is not a cursor of this list") from None
    if (cursor.by, cursor.descending) != (order.by, order.descending):
        raise InputNotValid("after is the cursor of a list in another order")
    return Mark(CaseId(cursor.case_id), place)


def _written(case: Case, by: CaseSort) -> int | str | None:
    match by:
        case CaseSort.CREATED_AT:
            return (case.created_at - _EPOCH) // _MICROSECOND
        case CaseSort.UPDATED_AT:
            return (case.updated_at - _EPOCH) // _MICROSECOND
        case CaseSort.STATUS:
            return case.analysis_state
        case CaseSort.ID:
            return case.number
        case CaseSort.PATIENT_NAME:
            return None
        case _:
            assert_never(by)


def _read(cursor: _Cursor) -> Place:
    """The place that a cursor names. Raises ValueError, OverflowError."""
    match cursor.by, cursor.place:
        case CaseSort.CREATED_AT | CaseSort.UPDATED_AT, int(since):
            return _EPOCH + timedelta(microseconds=since)
        case CaseSort.STATUS, str(state):
            return AnalysisState(state)
        case CaseSort.ID, int(number) if 0 <= number <= _LARGEST_NUMBER:
            return number
        case CaseSort.PATIENT_NAME, None:
            return None
        case _:
            raise ValueError("a cursor without a place")
