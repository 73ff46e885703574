"""The calls by which an administrator keeps things from being deleted: legal holds."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.params import JSONBody, QueryParameter

from casekeep.cases.holding import LONGEST_REASON, hold_case, hold_file, lift_hold, list_holds
from casekeep.cases.model import Hold
from casekeep.http.connections import house_of
from casekeep.http.timestamps import seconds
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import FileId, HoldId

from .errors import FieldsNotValid, field_problem
from .openapi import (
    BEARER,
    BODY_NO_JSON,
    BODY_TOO_LARGE,
    NO_CASE,
    NO_FILE,
    ROLE_REFUSED,
    Told,
    WithoutBadRequest,
    refusals,
)
from .proof import SignedInRequest, require_token
from .wire import IdInPath, Timestamp, read_case_ref, read_uuid

_LARGEST_PAGE = 200
_USUAL_LIMIT = 50
_NOT_AN_ID = "Input should be a UUID"
_ONE_THING = "Name a case or a file, and not both"
_NO_HOLD = Told(404, "Hold not found")
_HOLD_ID_REFUSED = Told(422, [field_problem("path", "hold_id", _NOT_AN_ID, "abc")])
_CURSOR = "after is not a cursor of this list"
_AFTER_REFUSED = Told(422, [field_problem("query", "after", _CURSOR, "abc")])
_REASON_REFUSED = Told(400, "reason must have 1 to 500 characters")
_NOTHING_NAMED = Told(400, _ONE_THING)

_After = Annotated[str | None, QueryParameter(description="The `next` of the page before.")]
_Limit = Annotated[
    str | None,
    QueryParameter(
        description=f"Holds on a page; {_USUAL_LIMIT} if not said.",
        schema_extra={"one_of": None, "type": "integer", "minimum": 1, "maximum": _LARGEST_PAGE},
    ),
]
_Lifted = Annotated[
    bool, QueryParameter(description="Whether holds that were lifted are listed too.")
]


class NewHold(msgspec.Struct, frozen=True):
    """The body of a new hold: a case, by its number or its UUID, or a file."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]
    case_id: int | str | None = None
    file_id: UUID | None = None


class HoldOut(msgspec.Struct, frozen=True):
    """A hold. `placed_by`, `lifted_by`: null for the operator."""

    hold_id: UUID
    case_id: UUID | None
    file_id: UUID | None
    reason: str
    placed_by: UUID | None
    placed_at: Timestamp
    lifted_by: UUID | None
    lifted_at: Timestamp | None


class HoldsOut(msgspec.Struct, frozen=True):
    """A page of holds, newest first; `next` is the `after` of the following one."""

    holds: list[HoldOut]
    next: str | None


class HoldChanged(msgspec.Struct, frozen=True):
    """A hold that was placed or lifted."""

    message: str
    hold: HoldOut


@get(
    "/holds",
    summary="List legal holds",
    operation_class=WithoutBadRequest,
    responses=refusals(ROLE_REFUSED, _AFTER_REFUSED),
)
async def holds(
    request: SignedInRequest,
    lifted: _Lifted = False,
    after: _After = None,
    limit: _Limit = None,
) -> HoldsOut:
    """What may not be deleted, and why, the newest first. For administrators."""
    house, actor, most = house_of(request), request.auth.actor, _read_limit(limit)
    try:
        page = await list_holds(house.db, house.audit, actor, lifted=lifted, most=most, after=after)
    except InputNotValid as error:
        raise FieldsNotValid(field_problem("query", "after", str(error), after)) from None
    return HoldsOut([_hold_out(each) for each in page.holds], page.next_after)


@post(
    "/holds",
    summary="Place a legal hold",
    responses=refusals(
        _REASON_REFUSED,
        _NOTHING_NAMED,
        ROLE_REFUSED,
        NO_CASE,
        NO_FILE,
        BODY_TOO_LARGE,
        BODY_NO_JSON,
    ),
)
async def place_hold(request: SignedInRequest, data: JSONBody[NewHold]) -> HoldChanged:
    """Keep a case with all its files, or one file, from being deleted, by anybody and by any
    schedule, until the hold is lifted; also what is in the trash already. For administrators.
    """
    if (data.case_id is None) == (data.file_id is None):
        raise InputNotValid(_ONE_THING)
    house, actor = house_of(request), request.auth.actor
    if data.file_id is not None:
        file_id = FileId(data.file_id)
        hold = await hold_file(house.db, house.audit, actor, file_id, data.reason)
    else:
        ref = read_case_ref(str(data.case_id), "body")
        hold = await hold_case(house.db, house.audit, actor, ref, data.reason)
    return HoldChanged("Hold placed successfully", _hold_out(hold))


@post(
    "/holds/{hold_id:str}/lift",
    summary="Lift a legal hold",
    status_code=200,
    operation_class=WithoutBadRequest,
    responses=refusals(ROLE_REFUSED, _NO_HOLD, _HOLD_ID_REFUSED),
)
async def lift(request: SignedInRequest, hold_id: IdInPath) -> HoldChanged:
    """End a hold; one that was lifted before stays as it is. For administrators."""
    house, actor = house_of(request), request.auth.actor
    wanted = HoldId(read_uuid(hold_id, "hold_id", _NOT_AN_ID))
    hold = await lift_hold(house.db, house.audit, actor, wanted)
    return HoldChanged("Hold lifted successfully", _hold_out(hold))


def _read_limit(text: str | None) -> int:
    if text is None:
        return _USUAL_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _LARGEST_PAGE):
        message = f"Input should be a whole number from 1 to {_LARGEST_PAGE}"
        raise FieldsNotValid(field_problem("query", "limit", message, text))
    return int(text)


def _hold_out(hold: Hold) -> HoldOut:
    return HoldOut(
        hold.id,
        hold.case_id,
        hold.file_id,
        hold.reason,
        hold.placed_by,
        seconds(hold.placed_at),
        hold.lifted_by,
        None if hold.lifted_at is None else seconds(hold.lifted_at),
    )


router = Router(
    path="/admin",
    route_handlers=[holds, place_hold, lift],
    guards=[require_token],
    security=[BEARER],
    tags=["Holds"],
)
"""Ours: the published contract has no such calls."""
