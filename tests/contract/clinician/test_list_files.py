"""`GET /cases/files/{case_id}` against its golden document, field by field and text by text."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient

from casekeep.http.house import House
from casekeep.identity.model import Audience
from tests.contract.clinician.test_golden import check
from tests.support.clinician import JPEG, PDF, add_file, open_case, refusal
from tests.support.house import ago, signed_in_clinician, token_from

NOT_FOUND = (404, "Case not found")


async def test_the_published_page(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    made = await open_case(
        clinician,
        caller.headers,
        ("lab_files", "lab_report.pdf", PDF),
        ("radiology_files", "chest_xray.jpg", JPEG),
    )
    added = await add_file(clinician, caller.headers, made["case"]["id"], name="ecg_report.pdf")
    assert added.status_code == 201
    assert added.json()["message"] == "File uploaded successfully"
    number, case_uuid = made["case"]["id"], made["case"]["case_id"]
    for case_id in (number, case_uuid):
        response = await clinician.get(f"/cases/files/{case_id}", headers=caller.headers)
        check("list-files-200", response, case_number=number, case_uuid=case_uuid)
    assert made["uploaded_files"] == response.json()["files"][:2]
    assert added.json()["file"] == response.json()["files"][2]


PUBLISHED: dict[str, Any] = {
    "file_id": "f1e2d3c4-5678-40ab-8def-1234567890ab",
    "case_id": 12345,
    "file_name": "lab_report.pdf",
    "file_type": "application/pdf",
    "file_size": 245678,
    "file_url": "lab_files/a1b2c3d4-5678-40ab-8def-1234567890ab/lab_report.pdf",
    "file_category": "lab",
    "uploaded_at": "2026-03-04T10:30:15Z",
}


async def test_the_published_example_is_answered_to_the_letter(
    house: House, clinician: AsyncClient
) -> None:
    caller = await signed_in_clinician(house)
    async with house.db.transaction(caller.organization_id) as tx:
        await tx.execute(
            """insert into cases (id, organization_id, number, clinician_id, patient_name)
               values ($1, $2, 12345, $3, 'Pat Example')""",
            UUID("a1b2c3d4-5678-40ab-8def-1234567890ab"),
            caller.organization_id,
            caller.user.id,
        )
        await tx.execute(
            """insert into files (id, organization_id, case_id, name, url_path, media_type, size,
                                  sha256, category, is_phi, state, receiver, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, 'lab', true, 'stored', 0, $9)""",
            UUID(PUBLISHED["file_id"]),
            caller.organization_id,
            UUID("a1b2c3d4-5678-40ab-8def-1234567890ab"),
            PUBLISHED["file_name"],
            PUBLISHED["file_url"],
            PUBLISHED["file_type"],
            PUBLISHED["file_size"],
            bytes(32),
            datetime(2026, 3, 4, 10, 30, 15, 999_999, tzinfo=UTC),
        )
    answer = await clinician.get("/cases/files/12345", headers=caller.headers)
    assert answer.text == json.dumps({"files": [PUBLISHED]}, separators=(",", ":"))


async def test_an_empty_case(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    made = await open_case(clinician, caller.headers)
    response = await clinician.get(f"/cases/files/{made['case']['id']}", headers=caller.headers)
    assert (response.status_code, response.json()) == (200, {"files": []})


async def test_absent_foreign_and_other_peoples_cases_are_told_alike(
    house: House, clinician: AsyncClient
) -> None:
    owner = await signed_in_clinician(house)
    case = (await open_case(clinician, owner.headers, ("lab_files", "a.pdf", PDF)))["case"]
    colleague = await signed_in_clinician(house, owner.organization_id)
    stranger = await signed_in_clinician(house)
    for caller, case_id in [
        (colleague, case["id"]),
        (colleague, case["case_id"]),
        (stranger, case["id"]),
        (stranger, case["case_id"]),
        (owner, 999_999_999),
        (owner, uuid4()),
        (owner, 2**63 - 1),
    ]:
        response = await clinician.get(f"/cases/files/{case_id}", headers=caller.headers)
        assert refusal(response) == NOT_FOUND


@pytest.mark.parametrize(
    "case_id",
    ["abc", "-1", "1.5", "12345678901234567890", "%20", "0x10", "¹", "0" * 32,
     f"{{{UUID(int=1)}}}", f"urn:uuid:{UUID(int=1)}", f"{UUID(int=1)}0", str(UUID(int=1))[:-1]],
)  # fmt: skip
async def test_neither_kind_of_id(house: House, clinician: AsyncClient, case_id: str) -> None:
    caller = await signed_in_clinician(house)
    response = await clinician.get(f"/cases/files/{case_id}", headers=caller.headers)
    status, (problem,) = refusal(response)
    assert status == 422
    assert set(problem) == {"type", "loc", "msg", "input"}
    assert problem["loc"] == ["path", "case_id"]


async def test_without_a_live_token(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    case = (await open_case(clinician, caller.headers))["case"]["id"]
    expired = token_from(caller, ago(hours=2), Audience.CLINICIAN)
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {expired}"}):
        response = await clinician.get(f"/cases/files/{case}", headers=headers)
        assert refusal(response) == (401, "Invalid or expired token")
        assert response.headers["www-authenticate"] == "Bearer"


async def test_for_another_user_it_is_refused(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    case = (await open_case(clinician, caller.headers))["case"]["id"]
    colleague = (await signed_in_clinician(house, caller.organization_id)).user.id
    url = f"/cases/files/{case}"
    for other in (colleague, uuid4(), "x"):
        answer = await clinician.get(url, headers=caller.headers, params={"user_id": str(other)})
        check("user-403", answer)
    both = await clinician.get(
        f"{url}?user_id={caller.user.id}&user_id={colleague}", headers=caller.headers
    )
    check("user-403", both)
    own = await clinician.get(url, headers=caller.headers, params={"user_id": str(caller.user.id)})
    assert own.status_code == 200


async def test_a_bad_request_is_told_as_text(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    case = (await open_case(clinician, caller.headers))["case"]["id"]
    status, text = refusal(await add_file(clinician, caller.headers, case, content=b""))
    assert status == 400
    assert "report.pdf" in text


async def test_order_soft_delete_and_entity_tag(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    case = (await open_case(clinician, caller.headers, ("lab_files", "b.pdf", PDF)))["case"]["id"]
    for name in ("c.pdf", "a.pdf", "b.pdf"):
        assert (await add_file(clinician, caller.headers, case, name=name)).status_code == 201
    url = f"/cases/files/{case}"
    first = await clinician.get(url, headers=caller.headers)
    assert [f["file_name"] for f in first.json()["files"]] == ["b.pdf", "c.pdf", "a.pdf", "b.pdf"]
    tag = first.headers["etag"]
    same = await clinician.get(url, headers={**caller.headers, "If-None-Match": f'W/"x", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    gone = first.json()["files"][1]["file_id"]
    removed = await clinician.delete(f"/cases/file/{gone}", headers=caller.headers)
    assert (removed.status_code, removed.json()) == (
        200,
        {"message": "File deleted successfully"},
    )
    after = await clinician.get(url, headers={**caller.headers, "If-None-Match": tag})
    assert after.status_code == 200
    assert [f["file_name"] for f in after.json()["files"]] == ["b.pdf", "a.pdf", "b.pdf"]
    again = await clinician.delete(f"/cases/file/{gone}", headers=caller.headers)
    assert refusal(again) == (404, "File not found")
