"""The partner calls that show cases: a list by the time they were opened, one in detail, and the
newest of a patient. They put the portal contract into the room's use cases and decide nothing.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter

from casekeep.files.handing import (
    LARGEST_PAGE,
    LONGEST_WINDOW,
    MOST_CONTENT,
    CasePage,
    Counter,
    HandedOut,
    Handing,
    find_case,
    list_cases,
    show_case,
)
from casekeep.http.budget import hold
from casekeep.http.connections import house_of

from .envelope import Success, answer
from .errors import CASE_NOT_FOUND, NO_STORAGE, NOT_PROVEN, NOT_VALID, TOO_MANY, TOO_MANY_BYTES
from .openapi import refusals
from .partner_files import encoded
from .partner_reading import (
    STAGES,
    USUAL_PAGE,
    read_email,
    read_handing,
    read_wanted,
    read_window,
)
from .partner_wire import FullPartnerCase, Handed, HandedFiles, full_partner_case
from .proof import KeyRequest
from .reading import read_query
from .signed_urls import signed_url

_COPIES = 3
"""How often a file's bytes are in memory at most: in base64, in the JSON around it, and a rest."""

_START = Annotated[
    str,
    QueryParameter(
        name="startTime",
        description="Only cases that were opened then or later.",
        schema_extra={"format": "date-time"},
    ),
]
_END = Annotated[
    str,
    QueryParameter(
        name="endTime",
        description=f"Only cases opened before; at most {LONGEST_WINDOW.days} days later.",
        schema_extra={"format": "date-time"},
    ),
]
_STATUS = Annotated[
    str | None,
    QueryParameter(
        description="Only cases in one of these statuses, with commas between them.",
        schema_extra={
            "one_of": None,
            "type": "string",
            "pattern": "^({0})(,({0}))*$".format("|".join(STAGES)),
            "examples": ["OPEN,ASSIGNED"],
        },
    ),
]
_RECORDS = Annotated[
    str | None,
    QueryParameter(
        name="recordsPerPage",
        description=f"How many cases a page has at most; {USUAL_PAGE} if nothing is said.",
        schema_extra={"one_of": None, "type": "integer", "minimum": 1, "maximum": LARGEST_PAGE},
    ),
]
_AFTER = Annotated[
    str | None,
    QueryParameter(
        description="`cursor.end` of the page before.",
        schema_extra={"one_of": None, "type": "string", "format": "uuid"},
    ),
]
_INCLUDE = Annotated[
    str | None,
    QueryParameter(
        name="includeAttachments",
        description="Whether each file comes with its content, or a URL to it.",
        schema_extra={"one_of": None, "type": "string", "enum": ["true", "false"]},
    ),
]
_FORMAT = Annotated[
    str | None,
    QueryParameter(
        name="documentFormat",
        description=(
            "`base64`: the bytes of all files, at most "
            f"{MOST_CONTENT >> 20} MB in one answer; `url`: a signed URL for fifteen minutes."
        ),
        schema_extra={"one_of": None, "type": "string", "enum": ["base64", "url"]},
    ),
]
_CASE_ID = Annotated[
    str | None,
    QueryParameter(
        name="caseId",
        description="The case. It counts if an email address is given too.",
        schema_extra={"one_of": None, "type": "string", "format": "uuid"},
    ),
]
_EMAIL = Annotated[
    str | None,
    QueryParameter(
        description="The patient, whose newest case is meant.",
        schema_extra={"one_of": None, "type": "string", "format": "email"},
    ),
]
_PATIENT = Annotated[
    str,
    QueryParameter(name="email", description="The patient.", schema_extra={"format": "email"}),
]


class Cursor(msgspec.Struct, frozen=True):
    """The ids of the first and the last case of a page, null if it is empty."""

    start: UUID | None
    end: UUID | None


class CasePageInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Where a page stands among the others."""

    cursor: Cursor
    has_next_page: bool
    has_previous_page: bool


class Cases(msgspec.Struct, frozen=True, rename="camel"):
    """A page of cases, newest first."""

    cases: list[FullPartnerCase]
    page_info: CasePageInfo


class CasesAnswer(Success, frozen=True):
    """A page of cases."""

    data: Cases


class CaseDetailAnswer(Success, frozen=True, rename="camel"):
    """A case with everything in it."""

    case_detail: FullPartnerCase


class CaseRef(msgspec.Struct, frozen=True):
    """A case by its id alone."""

    id: UUID


class LatestCaseAnswer(Success, frozen=True):
    """The newest case of a patient."""

    case: CaseRef


@get(
    "/cases",
    name="list_cases",
    responses=refusals(NOT_VALID, NOT_PROVEN, TOO_MANY_BYTES, TOO_MANY, NO_STORAGE),
    summary="List cases",
    response_description="The cases",
    tags=["Partner cases"],
)
async def get_cases(  # noqa: PLR0917 - the parameters of the published call
    request: KeyRequest,
    start: _START,
    end: _END,
    status: _STATUS = None,
    records: _RECORDS = None,
    after: _AFTER = None,
    include: _INCLUDE = None,
    document_format: _FORMAT = None,
) -> Response[CasesAnswer]:
    """List the organisation's cases by the time they were opened, newest first."""
    del start, end, status, records, after, include, document_format  # read strictly, as a whole
    given = read_query(request.scope["query_string"])
    window, how = read_window(given), read_handing(given)
    page, handed = await list_cases(counter_of(request), request.auth, window, how)
    return answer(CasesAnswer(200, success=True, data=await _page(request, page, handed)))


@get(
    "/customer-case-detail",
    name="show_case",
    responses=refusals(NOT_VALID, NOT_PROVEN, CASE_NOT_FOUND, TOO_MANY_BYTES, TOO_MANY, NO_STORAGE),
    summary="Get a case",
    response_description="The case",
    tags=["Partner cases"],
)
async def get_case_detail(
    request: KeyRequest,
    case_id: _CASE_ID = None,
    email: _EMAIL = None,
    include: _INCLUDE = None,
    document_format: _FORMAT = None,
) -> Response[CaseDetailAnswer]:
    """Show one case with everything in it; `documentFormat` is `base64` if nothing is said."""
    del case_id, email, include, document_format
    given = read_query(request.scope["query_string"])
    wanted, how = read_wanted(given), read_handing(given, Handing.AS_BYTES)
    full, handed = await show_case(counter_of(request), request.auth, wanted, how)
    await hold(request.scope, handed.size * _COPIES)
    detail = full_partner_case(full, await handed_files(request, handed))
    return answer(CaseDetailAnswer(200, success=True, case_detail=detail))


@get(
    "/customer-latest-case-id",
    name="find_latest_case",
    responses=refusals(NOT_VALID, NOT_PROVEN, CASE_NOT_FOUND),
    summary="Get the id of a patient's newest case",
    response_description="The newest case",
    tags=["Partner cases"],
)
async def get_latest_case_id(request: KeyRequest, email: _PATIENT) -> Response[LatestCaseAnswer]:
    """Tell the id of a patient's newest case."""
    del email
    wanted = read_email(read_query(request.scope["query_string"]))
    case_id = await find_case(counter_of(request), request.auth, wanted)
    return answer(LatestCaseAnswer(200, success=True, case=CaseRef(case_id)))


def counter_of(request: KeyRequest) -> Counter:
    """What handing out works with."""
    house = house_of(request)
    return Counter(house.db, house.audit, house.blobs, house.links)


async def handed_files(request: KeyRequest, handed: HandedOut) -> HandedFiles:
    """The bytes of files in base64, or their URLs. Raises BlobMissing."""
    urls = {each: Handed(url=signed_url(request, token)) for each, token in handed.tokens.items()}
    contents = {each: Handed(await encoded(file)) for each, file in handed.opened.items()}
    return {**urls, **contents}


async def _page(request: KeyRequest, page: CasePage, handed: HandedOut) -> Cases:
    await hold(request.scope, handed.size * _COPIES)
    files = await handed_files(request, handed)
    cases = [full_partner_case(full, files) for full in page.cases]
    ids = [case.id for case in cases]
    cursor = Cursor(ids[0], ids[-1]) if ids else Cursor(None, None)
    return Cases(cases, CasePageInfo(cursor, page.has_next, page.has_previous))
