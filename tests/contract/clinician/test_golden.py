"""The clinician contract, answer by answer, against golden documents."""

import time
from pathlib import Path
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from casekeep.http.house import House
from casekeep.identity.model import Role
from tests.support.clinician import JPEG, PATIENT, PDF, add_file, open_case
from tests.support.golden import differences, read_golden
from tests.support.house import MIB, PASSWORD, SignedIn, make_account, signed_in_clinician

HERE = Path(__file__).parent
CREATE = "/cases/create_case"


def check(name: str, answer: Response, **known: object) -> None:
    """Compare an answer with the golden document of a name."""
    values = {key.replace("_", " "): value for key, value in known.items()}
    golden = read_golden(HERE / f"{name}.json", values)
    given = {field: answer.headers.get(field) for field in golden["headers"]}
    body = answer.json() if answer.content else None
    actual = {"status": answer.status_code, "headers": given, "body": body}

    assert not list(differences(golden, actual)), answer.text


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


async def test_a_case_with_files_and_one_without(root: AsyncClient, caller: SignedIn) -> None:
    files = [("lab_files", ("lab_report.pdf", PDF)), ("radiology_files", ("chest_xray.jpg", JPEG))]
    fields = {**PATIENT, "case_summary": "Cough for three weeks"}
    for name, sent in (("create-case-201", files), ("create-case-without-files-201", None)):
        data = fields if sent else PATIENT
        answer = await root.post(CREATE, headers=caller.headers, data=data, files=sent)
        case = answer.json()["case"]
        check(
            name,
            answer,
            case_number=case["id"],
            case_uuid=case["case_id"],
            clinician=str(caller.user.id),
        )


async def test_a_file_added_and_taken_away(root: AsyncClient, caller: SignedIn) -> None:
    case = (await open_case(root, caller.headers))["case"]["id"]
    headers = caller.headers
    added = await add_file(root, headers, case)
    check("upload-201", added, case_number=case)
    scan = await add_file(root, headers, case, content=JPEG, name="scan.jpg", category="radiology")
    check("upload-radiology-201", scan, case_number=case)
    path = f"/cases/file/{added.json()['file']['file_id']}"
    check("delete-200", await root.delete(path, headers=headers))
    check("file-404", await root.delete(path, headers=headers))
    check("file-404", await root.get(added.json()["file"]["file_url"], headers=headers))
    check("case-404", await add_file(root, headers, uuid4()))
    check("case-404", await root.get("/cases/files/999999", headers=headers))


async def test_refused_requests(root: AsyncClient, caller: SignedIn) -> None:
    headers = caller.headers
    case = (await open_case(root, headers))["case"]["id"]
    check("token-401", await root.get(f"/cases/files/{case}"))
    check("token-401", await root.post(CREATE, data=PATIENT))
    other = await root.post(CREATE, headers=headers, data={**PATIENT, "user_id": str(uuid4())})
    check("user-403", other)
    check("case-id-422", await root.get("/cases/files/abc", headers=headers))
    wrong = {**PATIENT, "patient_age": "151", "patient_gender": ""}
    check("fields-422", await root.post(CREATE, headers=headers, data=wrong))
    check("empty-400", await add_file(root, headers, case, content=b""))
    check("type-415", await add_file(root, headers, case, content=b"MZ\x90\x00"))
    check("large-413", await add_file(root, headers, case, content=PDF + bytes(MIB)))
    check("path-404", await root.get("/cases/nothing/here"))
    check("method-405", await root.delete("/cases/upload"))


async def test_signing_in_and_out(house: House, root: AsyncClient, caller: SignedIn) -> None:
    account = await make_account(
        house,
        caller.organization_id,
        Role.CLINICIAN,
        email=f"{uuid4().hex}@example.org",
        password=PASSWORD,
    )
    known = {"email": account.email, "clinician": str(account.id)}

    async def token(grant: str, **body: str | None) -> Response:
        return await root.post(f"/auth/v1/token?grant_type={grant}", json=body)

    check("grant-400", await token("password", email=account.email, password="wrong"))
    given = await token("password", email=account.email, password=PASSWORD)
    check("token-200", given, **known, unix_time=given.json()["expires_at"])
    assert 3590 < given.json()["expires_at"] - time.time() <= 3601
    renewed = await token("refresh_token", refresh_token=given.json()["refresh_token"])
    check("token-200", renewed, **known, unix_time=renewed.json()["expires_at"])
    headers = {"authorization": f"Bearer {renewed.json()['access_token']}"}
    check("user-200", await root.get("/auth/v1/user", headers=headers), **known)
    check("logout-204", await root.post("/auth/v1/logout", headers=headers))
    check("token-401", await root.get("/auth/v1/user", headers=headers))
    stale = renewed.json()["refresh_token"]
    check("refresh-400", await token("refresh_token", refresh_token=stale))
    check("grant-unknown-400", await token("magic"))
