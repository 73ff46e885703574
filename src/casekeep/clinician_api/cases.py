"""The calls about cases. Opening one, with the files that come with it, is all or nothing."""

from litestar import Router, post

from casekeep.audit.actions import Action
from casekeep.cases.describing import LONGEST_GENDER, LONGEST_NAME, OLDEST
from casekeep.cases.model import NewCase
from casekeep.files.model import Category
from casekeep.http.connections import house_of

from .case_changes import analyze_case, delete_case, get_case, restore_case, update_case
from .case_list import all_cases
from .exports import export
from .forms import Form, read_form
from .openapi import AGE_REFUSED, BEARER, CreateCaseOperation, refusals
from .proof import SignedInRequest, demand_same_user, require_token
from .wire import CaseCreated, case_out, file_out

_CATEGORY_OF_PART = {"lab_files": Category.LAB, "radiology_files": Category.RADIOLOGY}


@post(
    "/create_case",
    summary="Open a case",
    operation_class=CreateCaseOperation,
    response_description="The case, and its files",
    responses=refusals(400, 403, 413, 415, AGE_REFUSED, 503),
)
async def create_case(request: SignedInRequest) -> CaseCreated:
    """Open a case with its files. If one file is refused, nothing at all is kept, and the answer
    names the file and says why.
    """
    house, form = house_of(request), Form()
    async with house.receiving.batch(request.auth.actor, act=Action.CASE_OPENED) as batch:
        async for part in read_form(request, form, _CATEGORY_OF_PART):
            category = _CATEGORY_OF_PART[part.name]
            await batch.receive(part.filename or "", part.chunks, category, sha256=part.sha256)
        await demand_same_user(request, form.optional("user_id"))
        case, files = await batch.keep_in_new_case(_new_case(form))
    return CaseCreated(
        "Case created successfully", case_out(case), [file_out(file) for file in files]
    )


def _new_case(form: Form) -> NewCase:
    new = NewCase(
        patient_name=form.text("patient_name", LONGEST_NAME),
        patient_age=form.whole_number("patient_age", 0, OLDEST),
        patient_gender=form.text("patient_gender", LONGEST_GENDER),
        summary=form.optional("case_summary"),
        patient_email=form.optional("patient_email"),
        patient_phone=form.optional("patient_phone"),
    )
    form.demand_valid()
    return new


router = Router(
    path="/cases",
    route_handlers=[
        create_case,
        all_cases,
        get_case,
        update_case,
        delete_case,
        restore_case,
        analyze_case,
        export,
    ],
    guards=[require_token],
    security=[BEARER],
    tags=["Cases"],
)
