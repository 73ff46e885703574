"""The list of a clinician's cases: all of them, or page by page."""

from typing import Annotated, Any

from litestar import get
from litestar.params import FromQuery, QueryParameter

from casekeep.cases.listing import DEEPEST, LARGEST_PAGE, list_cases
from casekeep.cases.model import CaseList
from casekeep.http.connections import house_of
from casekeep.kernel.errors import InputNotValid

from .case_query import (
    LONGEST_SEARCH,
    ORDERS,
    SORTS,
    STATES,
    USUAL_LIMIT,
    CaseQuery,
    read_case_query,
)
from .errors import FieldsNotValid, field_problem
from .openapi import WithoutBadRequest, refusals
from .proof import SignedInRequest, demand_same_user
from .wire import CasesOut, CasesPage, case_out


def _said(description: str, **schema: Any) -> QueryParameter:  # noqa: ANN401 - as JSON Schema has it
    """How a parameter is described; the framework would say that it may also be null."""
    return QueryParameter(description=description, schema_extra={"one_of": None, **schema})


_Page = Annotated[
    str | None,
    _said(
        f"The page's number, from 1. Pages begin after at most {DEEPEST} cases; `after` leads on.",
        type="integer",
        minimum=1,
    ),
]
_Limit = Annotated[
    str | None,
    _said(
        f"Cases on a page; {USUAL_LIMIT} if only `page` or `after` is sent.",
        type="integer",
        minimum=1,
        maximum=LARGEST_PAGE,
    ),
]
_After = Annotated[
    str | None,
    _said("The `next` of the page before, which was in the same order.", type="string"),
]
_Status = Annotated[
    str | None,
    _said("Only cases in this state; `analyzing` is `processing`.", type="string", enum=[*STATES]),
]
_Search = Annotated[
    str | None,
    _said(
        "A part of the patient's name or of the summary, in any case, or a case's number.",
        type="string",
        max_length=LONGEST_SEARCH,
    ),
]
_StartDate = Annotated[
    str | None,
    _said("Only cases created on or after this ISO 8601 date or date-time.", type="string"),
]
_EndDate = Annotated[
    str | None,
    _said(
        "Only cases created on or before this ISO 8601 date, all of its day, or date-time. What "
        "has no zone is UTC.",
        type="string",
    ),
]
_SortBy = Annotated[
    str | None,
    _said("What the list is sorted by; `created_at` if not said.", type="string", enum=[*SORTS]),
]
_SortOrder = Annotated[
    str | None,
    _said("`desc` if not said.", type="string", enum=[*ORDERS]),
]


@get(
    "/all_cases",
    summary="List cases",
    operation_class=WithoutBadRequest,
    responses=refusals(403, 422),
)
async def all_cases(  # noqa: PLR0917 - every parameter of the contract
    request: SignedInRequest,
    page: _Page = None,
    limit: _Limit = None,
    after: _After = None,
    status: _Status = None,
    search: _Search = None,
    start_date: _StartDate = None,
    end_date: _EndDate = None,
    sort_by: _SortBy = None,
    sort_order: _SortOrder = None,
    user_id: FromQuery[str | None] = None,
) -> CasesOut | CasesPage:
    """The caller's cases, newest first unless another order is asked for: all of them, or a page
    if `page`, `limit` or `after` is sent.
    """
    await demand_same_user(request, user_id)
    query = read_case_query(
        {
            "page": page,
            "limit": limit,
            "after": after,
            "status": status,
            "search": search,
            "start_date": start_date,
            "end_date": end_date,
            "sort_by": sort_by,
            "sort_order": sort_order,
        }
    )
    listed = await _listed(request, query)
    cases = [case_out(case) for case in listed.cases]
    if query.page is None:
        return CasesOut(cases)
    return CasesPage(cases, listed.total, query.number, query.page.limit, listed.next_after)


async def _listed(request: SignedInRequest, query: CaseQuery) -> CaseList:
    """The list. What the core finds wrong at this point is the cursor."""
    house, actor, page = house_of(request), request.auth.actor, query.page
    try:
        return await list_cases(house.db, house.audit, actor, query.wanted, query.order, query.page)
    except InputNotValid as error:
        given = page.after if page else None
        raise FieldsNotValid(field_problem("query", "after", str(error), given)) from None
