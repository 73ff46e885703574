"""Both OpenAPI documents: valid, and true of what the two pages that list files really answer."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from casekeep.clinician_api.app import build_app as build_clinician_api
from casekeep.db.database import Database
from casekeep.http.house import House
from casekeep.portal_api.app import build_app as build_portal_api
from tests.support.clinician import PDF, open_case
from tests.support.database import TestServer
from tests.support.factories import make_case
from tests.support.house import client, signed_in_clinician, signed_in_patient
from tests.support.openapi import Call, broken_promises, calls_of, read_document
from tests.support.portal import FILES, keep_row


@pytest.fixture
async def broken(house: House, test_server: TestServer) -> House:
    """The house when its database fails in a way that nobody foresaw."""
    lost = await Database.connect(test_server.application_dsn, size=1)
    await lost.close()
    return replace(house, db=lost)


async def page(api: httpx.AsyncClient, name: str) -> Call:
    return next(call for call in calls_of(await read_document(api)) if str(call) == name)


def check(call: Call, answers: list[httpx.Response]) -> None:
    """The answers are those that the document promises, and the document promises no others."""
    complaints = [each for answer in answers for each in broken_promises(call, answer)]
    assert not complaints
    promised = set(call.operation["responses"])
    assert promised == {str(answer.status_code) for answer in answers}


async def test_both_are_valid(clinician: httpx.AsyncClient, portal: httpx.AsyncClient) -> None:
    for api in (clinician, portal):
        document = await read_document(api)
        assert document["openapi"].startswith("3.1")
        assert not list(OpenAPIV31SpecValidator(document).iter_errors())
        names = [call.operation["operationId"] for call in calls_of(document)]
        assert len(set(names)) == len(names)


async def test_the_clinicians_list(
    house: House, clinician: httpx.AsyncClient, broken: House
) -> None:
    call = await page(clinician, "GET /cases/files/{case_id}")
    owner = await signed_in_clinician(house)
    empty = (await open_case(clinician, owner.headers))["case"]["id"]
    case = (await open_case(clinician, owner.headers, ("lab_files", "a.pdf", PDF)))["case"]["id"]

    async def answer(case_id: object, **headers: str) -> httpx.Response:
        sent = {**owner.headers, **headers}
        return await clinician.get(f"/cases/files/{case_id}", headers=sent)

    listed = await answer(case)
    answers = [
        listed,
        await answer(empty),
        await answer(case, **{"if-none-match": listed.headers["etag"]}),
        await answer(case, **{"if-match": '"another"'}),
        await answer(f"{case}?user_id={uuid4()}"),
        await answer(uuid4()),
        await answer("neither"),
        await answer(case, authorization=""),
    ]
    async with client(build_clinician_api(broken)) as failing:
        answers.append(await failing.get(f"/cases/files/{case}", headers=owner.headers))
    check(call, answers)


async def test_the_patients_list(house: House, portal: httpx.AsyncClient, broken: House) -> None:
    call = await page(portal, f"GET {FILES}")
    patient = await signed_in_patient(house)
    foreign = await make_case(house.db, patient.organization_id)

    async def answer(
        params: Mapping[str, str] | None = None, **headers: str | None
    ) -> httpx.Response:
        sent = patient.with_headers(**headers)
        return await portal.get(FILES, headers=sent, params=dict(params or {}))

    empty = await answer()
    case = await patient.case()
    await keep_row(house, case)
    await keep_row(house, case, uploaded_by=patient.user.id, is_phi=False)
    answers = [
        empty,
        await answer(),
        await answer({"caseId": str(case.id), "type": "general"}),
        await answer({"limit": "1"}),
        await answer({"type": "neither"}),
        await answer(cv_api_key=None),
        await answer(authorization=None),
        await answer({"caseId": str(foreign.id)}),
    ]
    async with client(build_portal_api(broken)) as failing:
        answers.append(await failing.get(FILES, headers=patient.headers))
    check(call, answers)
