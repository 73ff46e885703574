"""The calls about one file, the trash, and general documents; answer by answer."""

import base64
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from casekeep.http.house import House
from casekeep.identity.model import Audience, Role
from tests.contract.clinician.test_golden import check
from tests.support.clinician import PDF, add_file, open_case
from tests.support.house import SignedIn, make_account, signed_in_clinician, signed_in_patient
from tests.support.portal import FILES


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


async def test_a_file_shown_and_changed(root: AsyncClient, caller: SignedIn) -> None:
    headers = caller.headers
    case = (await open_case(root, headers))["case"]["id"]
    other = (await open_case(root, headers))["case"]["id"]
    added = (await add_file(root, headers, case)).json()["file"]
    path = f"/cases/file/{added['file_id']}"
    check("file-200", await root.get(path, headers=headers), case_number=case)

    async def patch(body: object, to: str = path) -> Response:
        return await root.patch(to, headers=headers, json=body)

    update = {"file_name": "Befund.pdf", "category": "radiology", "is_restricted": True}
    check("update-file-200", await patch(update), case_number=case)
    check("move-file-200", await patch({"case_id": other}), case_number=case, other_number=other)
    check("nothing-to-update-400", await patch({}))
    check("update-file-422", await patch({"category": "x-ray"}))
    check("update-file-400", await patch({"file_name": " "}))
    check("json-422", await root.patch(path, headers=headers, content=b"{"))
    check("body-413", await patch({"file_name": "x" * 65_536}))
    check("move-file-422", await patch({"case_id": "abc"}))
    check("case-404", await patch({"case_id": str(uuid4())}))
    check("user-403", await patch({"user_id": str(uuid4()), "is_phi": True}))
    check("file-404", await patch({"is_phi": True}, f"/cases/file/{uuid4()}"))
    check("file-404", await root.get(f"/cases/file/{uuid4()}", headers=headers))
    for method, each in (
        ("GET", "/cases/file/abc"),
        ("PATCH", "/cases/file/abc"),
        ("POST", "/cases/file/abc/restore"),
    ):
        body = {"is_phi": True} if method == "PATCH" else None
        check("file-id-422", await root.request(method, each, headers=headers, json=body))
        check("token-401", await root.request(method, each, json=body))


async def test_the_trash(house: House, root: AsyncClient, caller: SignedIn) -> None:
    headers = caller.headers
    check("trash-empty-200", await root.get("/cases/trash", headers=headers))
    case = (await open_case(root, headers))["case"]["id"]
    gone = (await open_case(root, headers))["case"]
    added = (await add_file(root, headers, case)).json()["file"]
    path = f"/cases/file/{added['file_id']}"
    for each in (path, f"/cases/cases/{gone['id']}"):
        assert (await root.delete(each, headers=headers)).status_code == 200
    trash = await root.get("/cases/trash", headers=headers)
    known = {
        "case_number": case,
        "gone_number": gone["id"],
        "gone_uuid": gone["case_id"],
        "clinician": str(caller.user.id),
    }
    check("trash-200", trash, **known)
    check("file-200", await root.post(f"{path}/restore", headers=headers), case_number=case)
    check("file-404", await root.post(f"{path}/restore", headers=headers))
    check("token-401", await root.get("/cases/trash"))
    other = {"user_id": str(uuid4())}
    for method, each in (("GET", "/cases/trash"), ("GET", path), ("POST", f"{path}/restore")):
        check("user-403", await root.request(method, each, headers=headers, params=other))
    user = await make_account(house, caller.organization_id, Role.ADMIN)
    tokens = await house.sign_in.open_for(user, Audience.CLINICIAN)
    admin = {"authorization": f"Bearer {tokens.access_token}"}
    check("role-403", await root.get("/cases/trash", headers=admin))


async def test_general_documents(house: House, root: AsyncClient, caller: SignedIn) -> None:
    headers = caller.headers
    patient = await signed_in_patient(house, caller.organization_id)
    email = str(patient.user.email)
    case = (await open_case(root, headers, patient_email=email))["case"]["id"]
    path = f"/cases/documents/{case}"
    check("list-files-empty-200", await root.get(path, headers=headers))
    data = base64.b64encode(PDF).decode()
    letter = {"name": "letter.pdf", "data": data, "mimeType": "application/pdf"}
    sent = await root.post(f"{FILES}/upload", headers=patient.headers, json=letter)
    file_id = sent.json()["data"]["id"]
    check("documents-200", await root.get(path, headers=headers), file=file_id)
    assert (await root.get(f"/documents/{file_id}", headers=headers)).content == PDF
    entry = f"/cases/file/{file_id}"
    wrong = await root.patch(entry, headers=headers, json={"file_name": "x.pdf"})
    check("document-stays-400", wrong)
    other = (await open_case(root, headers))["case"]["id"]
    check("document-patient-400", await root.patch(entry, headers=headers, json={"case_id": other}))
    moved = await root.patch(entry, headers=headers, json={"case_id": case})
    check("move-document-200", moved, case_number=case, file=file_id)
