"""The calls about cases: list, show, change, delete, restore, analyse; answer by answer."""

from collections.abc import Mapping
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from casekeep.http.house import House
from casekeep.identity.model import Audience, Role
from tests.contract.clinician.test_golden import check
from tests.support.clinician import JPEG, PDF, open_case
from tests.support.house import SignedIn, make_account, signed_in_clinician

LIST = "/cases/all_cases"


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def administrator(house: House, caller: SignedIn) -> Mapping[str, str]:
    """The headers of an administrator."""
    user = await make_account(house, caller.organization_id, Role.ADMIN)
    tokens = await house.sign_in.open_for(user, Audience.CLINICIAN)
    return {"authorization": f"Bearer {tokens.access_token}"}


async def test_lists_of_cases(
    root: AsyncClient, caller: SignedIn, administrator: Mapping[str, str]
) -> None:
    headers = caller.headers
    check("list-cases-empty-200", await root.get(LIST, headers=headers))
    older = (await open_case(root, headers, case_summary="Cough"))["case"]
    newer = (await open_case(root, headers, patient_name="Ann Other"))["case"]
    known = {
        "older_number": older["id"],
        "older_uuid": older["case_id"],
        "newer_number": newer["id"],
        "newer_uuid": newer["case_id"],
        "clinician": str(caller.user.id),
    }

    async def ask(**params: str) -> Response:
        return await root.get(LIST, headers=headers, params=params)

    check("list-cases-200", await ask(), **known)
    page = await ask(limit="1")
    check("list-cases-page-200", page, **known, cursor=page.json()["next"])
    check("list-cases-last-page-200", await ask(after=page.json()["next"], limit="1"), **known)
    wrong = {"limit": "201", "page": "0", "status": "open", "start_date": "today", "sort_by": "age"}
    check("list-cases-422", await ask(**wrong))
    check("list-cases-deep-422", await ask(page="1000", limit="200"))
    check("list-cases-cursor-422", await ask(after="x"))
    foreign = await ask(after=page.json()["next"], sort_by="patient_name")
    check("list-cases-other-cursor-422", foreign, cursor=page.json()["next"])
    check("role-403", await root.get(LIST, headers=administrator))
    check("user-403", await ask(user_id=str(uuid4())))
    check("token-401", await root.get(LIST))


async def test_a_case_shown_and_changed(root: AsyncClient, caller: SignedIn) -> None:
    headers = caller.headers
    files = [("lab_files", "lab_report.pdf", PDF), ("radiology_files", "chest_xray.jpg", JPEG)]
    case = (await open_case(root, headers, *files))["case"]
    path = f"/cases/cases/{case['id']}"
    known = {
        "case_number": case["id"],
        "case_uuid": case["case_id"],
        "clinician": str(caller.user.id),
    }
    check("case-200", await root.get(path, headers=headers), **known)
    check("case-200", await root.get(f"/cases/cases/{case['case_id']}", headers=headers), **known)

    async def put(body: object, to: str = path) -> Response:
        return await root.put(to, headers=headers, json=body)

    update = {
        "patient_name": "Ann Other",
        "patient_age": 45,
        "case_summary": "Cough for three weeks",
        "status": "analyzing",
        "stage": "IN_PROGRESS",
        "unknown": True,
    }
    check("update-case-200", await put(update), **known)
    check("nothing-to-update-400", await put({"unknown": True}))
    check("update-case-422", await put({"patient_age": 151}))
    check("update-case-status-422", await put({"status": "open"}))
    check("update-case-400", await put({"patient_name": "\n"}))
    check("json-422", await root.put(path, headers=headers, content=b"{"))
    check("body-413", await put({"case_summary": "x" * 65_536}))
    check("user-403", await put({"user_id": str(uuid4()), "patient_age": 1}))
    check("case-404", await put({"patient_age": 1}, f"/cases/cases/{uuid4()}"))
    check("case-id-422", await put({"patient_age": 1}, "/cases/cases/abc"))
    check("token-401", await root.put(path, json=update))


async def test_a_case_deleted_restored_and_analysed(root: AsyncClient, caller: SignedIn) -> None:
    headers = caller.headers
    case = (await open_case(root, headers))["case"]
    path = f"/cases/cases/{case['id']}"
    known = {
        "case_number": case["id"],
        "case_uuid": case["case_id"],
        "clinician": str(caller.user.id),
    }
    analysis = f"/cases/analyze/{case['id']}"
    check("delete-case-200", await root.delete(path, headers=headers))
    for method, each in (
        ("DELETE", path),
        ("GET", path),
        ("POST", analysis),
        ("GET", f"/cases/documents/{case['id']}"),
        ("POST", f"/cases/cases/{uuid4()}/restore"),
    ):
        check("case-404", await root.request(method, each, headers=headers))
    check("restore-case-200", await root.post(f"{path}/restore", headers=headers), **known)
    check("analyze-202", await root.post(analysis, headers=headers), **known)
    for method, each in (
        ("GET", "/cases/cases/abc"),
        ("DELETE", "/cases/cases/abc"),
        ("POST", "/cases/cases/abc/restore"),
        ("POST", "/cases/analyze/abc"),
        ("GET", "/cases/documents/abc"),
    ):
        check("case-id-422", await root.request(method, each, headers=headers))
        known_path = each.replace("abc", str(case["id"]))
        check("token-401", await root.request(method, known_path))
        other = {"user_id": str(uuid4())}
        check("user-403", await root.request(method, known_path, headers=headers, params=other))
