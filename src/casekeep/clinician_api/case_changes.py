"""The calls about one case: show it, change it, delete it, bring it back, have it analysed."""

from enum import StrEnum
from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromQuery, JSONBody

from casekeep.cases import analyzing, changing, removal
from casekeep.cases.describing import LONGEST_NAME, OLDEST
from casekeep.cases.model import CaseChange, Stage
from casekeep.files.showing import show_case
from casekeep.http.connections import house_of

from .case_query import STATES
from .insights import Insights
from .openapi import CASE_HELD, WithoutBadRequest, refusals
from .proof import SignedInRequest, demand_same_user
from .wire import (
    CaseChanged,
    CaseInPath,
    CaseOnly,
    CaseOut,
    FileOut,
    Message,
    case_out,
    file_out,
    read_case_ref,
)


class Status(StrEnum):
    """Every word for how far the analysis of a case has come; `analyzing` is `processing`."""

    PENDING = "pending"
    PROCESSING = "processing"
    ANALYZING = "analyzing"
    COMPLETED = "completed"
    FAILED = "failed"
    ARCHIVED = "archived"


class CaseUpdate(msgspec.Struct, frozen=True):
    """The body of an update; null is the same as nothing. An empty `case_summary` removes it.
    `stage` is this server's own: what the patient portal shows as the status of the case.
    """

    patient_name: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)] | None = None
    patient_age: Annotated[int, msgspec.Meta(ge=0, le=OLDEST)] | None = None
    case_summary: str | None = None
    status: Status | None = None
    stage: Stage | None = None
    user_id: str | None = None


class CaseShown(msgspec.Struct, frozen=True):
    """`GET /cases/cases/{case_id}`. `ai_insights` is null until there are any."""

    case: CaseOut
    files: list[FileOut]
    ai_insights: Insights | None


@get(
    "/cases/{case_id:str}",
    summary="Get a case",
    operation_class=WithoutBadRequest,
    responses=refusals(403, 404, 422),
)
async def get_case(
    request: SignedInRequest, case_id: CaseInPath, user_id: FromQuery[str | None] = None
) -> CaseShown:
    """A case with its files, and what was found out about it."""
    await demand_same_user(request, user_id)
    house, actor, ref = house_of(request), request.auth.actor, read_case_ref(case_id)
    case, files = await show_case(house.db, house.audit, actor, ref)
    return CaseShown(case_out(case), [file_out(file) for file in files], None)


@put("/cases/{case_id:str}", summary="Update a case", responses=refusals(400, 403, 404, 413, 422))
async def update_case(
    request: SignedInRequest, case_id: CaseInPath, data: JSONBody[CaseUpdate]
) -> CaseChanged:
    """Change what is written of a case, its status or its stage."""
    await demand_same_user(request, data.user_id)
    house, actor, ref = house_of(request), request.auth.actor, read_case_ref(case_id)
    change = CaseChange(
        data.patient_name,
        data.patient_age,
        data.case_summary,
        None if data.status is None else STATES[data.status],
        data.stage,
    )
    case = await changing.change_case(house.db, house.audit, actor, ref, change)
    return CaseChanged("Case updated successfully", case_out(case))


@delete(
    "/cases/{case_id:str}",
    status_code=200,
    summary="Delete a case",
    operation_class=WithoutBadRequest,
    responses=refusals(403, 404, CASE_HELD, 422),
)
async def delete_case(
    request: SignedInRequest, case_id: CaseInPath, user_id: FromQuery[str | None] = None
) -> Message:
    """Take a case and its files away; they can be restored until they are purged. What
    is under a legal hold stays.
    """
    await demand_same_user(request, user_id)
    house, actor, ref = house_of(request), request.auth.actor, read_case_ref(case_id)
    await removal.remove_case(house.db, house.audit, actor, ref)
    return Message("Case deleted successfully")


@post(
    "/cases/{case_id:str}/restore",
    status_code=200,
    summary="Restore a case",
    operation_class=WithoutBadRequest,
    responses=refusals(403, 404, 422),
)
async def restore_case(
    request: SignedInRequest, case_id: CaseInPath, user_id: FromQuery[str | None] = None
) -> CaseOnly:
    """Bring back a deleted case, with the files that it had."""
    await demand_same_user(request, user_id)
    house, actor, ref = house_of(request), request.auth.actor, read_case_ref(case_id)
    return CaseOnly(case_out(await removal.restore_case(house.db, house.audit, actor, ref)))


@post(
    "/analyze/{case_id:str}",
    status_code=202,
    summary="Analyse a case",
    operation_class=WithoutBadRequest,
    responses=refusals(403, 404, 422),
)
async def analyze_case(
    request: SignedInRequest, case_id: CaseInPath, user_id: FromQuery[str | None] = None
) -> CaseChanged:
    """Have the files of a case gone through again; its status tells when that is done."""
    await demand_same_user(request, user_id)
    house, actor, ref = house_of(request), request.auth.actor, read_case_ref(case_id)
    case = await analyzing.request_analysis(house.db, house.audit, actor, ref)
    return CaseChanged("Case analysis started successfully", case_out(case))
