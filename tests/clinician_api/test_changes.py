"""Changing, deleting and restoring over both contracts: what one side does, the other sees."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response

from casekeep.bootstrap.working import runner_for
from casekeep.cases.assigning import assign_case
from casekeep.http.house import House
from casekeep.identity.model import Operator
from casekeep.jobs.queue import JobName, ids_in
from casekeep.kernel.ids import CaseId
from casekeep.settings import Settings
from tests.clinician_api.test_audited_refusals import refused
from tests.support.clinician import PDF, add_file, open_case, refusal
from tests.support.house import SignedIn, signed_in_clinician, signed_in_patient
from tests.support.partner import DETAIL, file, question, software
from tests.support.portal import FILES


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def patient(house: House, caller: SignedIn) -> SignedIn:
    return await signed_in_patient(house, caller.organization_id)


async def portal_files(root: AsyncClient, patient: SignedIn) -> list[str]:
    answer = await root.get(FILES, headers=patient.headers)
    return [each["id"] for each in answer.json()["data"]["files"]]


async def test_the_portal_no_longer_shows_the_files_of_a_deleted_case(
    root: AsyncClient, caller: SignedIn, patient: SignedIn
) -> None:
    email = str(patient.user.email)
    case = (await open_case(root, caller.headers, patient_email=email))["case"]
    file = (await add_file(root, caller.headers, case["id"])).json()["file"]
    link = await root.get(f"{FILES}/{file['file_id']}/download", headers=patient.headers)
    url = link.json()["data"]["downloadUrl"]
    mine = {"caseId": case["case_id"]}

    async def seen() -> list[int]:
        answers = [
            await root.get(FILES, headers=patient.headers, params=mine),
            await root.get(f"{FILES}/{file['file_id']}/metadata", headers=patient.headers),
            await root.get(f"{FILES}/{file['file_id']}/download", headers=patient.headers),
            await root.get(url),
            await root.get(file["file_url"], headers=caller.headers),
            await root.get(f"/cases/files/{case['id']}", headers=caller.headers),
            await root.get(f"/cases/file/{file['file_id']}", headers=caller.headers),
        ]
        return [answer.status_code for answer in answers]

    listed = await root.get(f"/cases/files/{case['id']}", headers=caller.headers)
    assert await portal_files(root, patient) == [file["file_id"]]
    assert await seen() == [200] * 7
    path = f"/cases/cases/{case['id']}"
    assert (await root.delete(path, headers=caller.headers)).status_code == 200
    assert await portal_files(root, patient) == []
    assert await seen() == [403, 404, 404, 404, 404, 404, 404]
    assert (await add_file(root, caller.headers, case["id"])).status_code == 404
    assert (await root.post(f"{path}/restore", headers=caller.headers)).status_code == 200
    assert await portal_files(root, patient) == [file["file_id"]]
    assert await seen() == [200] * 7
    again = await root.get(
        f"/cases/files/{case['id']}",
        headers={**caller.headers, "if-none-match": listed.headers["etag"]},
    )
    assert again.status_code == 304


async def test_what_a_patient_deleted_comes_back_for_both(
    root: AsyncClient, caller: SignedIn, patient: SignedIn
) -> None:
    email = str(patient.user.email)
    case = (await open_case(root, caller.headers, patient_email=email))["case"]
    sent = {"name": "a.txt", "data": "aGVsbG8=", "mimeType": "text/plain"}
    body = {**sent, "caseId": case["case_id"]}
    upload = await root.post(f"{FILES}/upload", headers=patient.headers, json=body)
    file_id = upload.json()["data"]["id"]
    deleted = await root.delete(f"{FILES}/{file_id}", headers=patient.headers)
    assert deleted.status_code == 200
    trash = await root.get("/cases/trash", headers=caller.headers)
    assert [each["file_id"] for each in trash.json()["files"]] == [file_id]
    restored = await root.post(f"/cases/file/{file_id}/restore", headers=caller.headers)
    assert set(restored.json()["file"]) == {
        *("file_id", "case_id", "file_name", "file_type", "file_size", "file_url"),
        *("file_category", "uploaded_at"),
    }
    assert await portal_files(root, patient) == [file_id]


async def test_a_moved_file_is_the_other_patients(
    house: House, root: AsyncClient, caller: SignedIn, patient: SignedIn
) -> None:
    other = await signed_in_patient(house, caller.organization_id)
    wrong, right = [
        (await open_case(root, caller.headers, patient_email=str(each.user.email)))["case"]
        for each in (other, patient)
    ]
    file = (await add_file(root, caller.headers, wrong["id"])).json()["file"]
    path, body = f"/cases/file/{file['file_id']}", {"case_id": right["case_id"]}
    moved = await root.patch(path, headers=caller.headers, json=body)
    assert moved.json()["file"] == {**file, "case_id": right["id"]}
    assert await portal_files(root, other) == []
    assert await portal_files(root, patient) == [file["file_id"]]
    bytes_ = await root.get(file["file_url"], headers=caller.headers)
    assert (bytes_.status_code, bytes_.content) == (200, PDF)


async def test_an_analysis_is_a_job_of_its_request(
    house: House, root: AsyncClient, caller: SignedIn, tmp_path: Path
) -> None:
    case = (await open_case(root, caller.headers, ("lab_files", "a.pdf", PDF)))["case"]
    started = await root.post(f"/cases/analyze/{case['case_id']}", headers=caller.headers)
    assert (started.status_code, started.json()["case"]["status"]) == (202, "processing")
    rows = await house.db.fetch_unscoped(
        "select entrypoint, payload from pgqueuer where entrypoint = 'analyze_case'"
    )
    jobs = [ids_in(row["payload"]) for row in rows]
    assert (caller.organization_id, (UUID(case["case_id"]),)) in jobs
    runner = runner_for(Settings(data=str(tmp_path)), house)
    await runner._work[JobName.ANALYZE_CASE](caller.organization_id, UUID(case["case_id"]))
    shown = await root.get(f"/cases/cases/{case['id']}", headers=caller.headers)
    assert shown.json()["case"]["status"] == "completed"


async def asked(root: AsyncClient, caller: SignedIn, case: object, file: object) -> list[Response]:
    """Every call about one case or one file, that this server has beside the first ones."""
    headers, update = caller.headers, {"patient_age": 9}
    return [
        await root.get(f"/cases/cases/{case}", headers=headers),
        await root.put(f"/cases/cases/{case}", headers=headers, json=update),
        await root.delete(f"/cases/cases/{case}", headers=headers),
        await root.post(f"/cases/cases/{case}/restore", headers=headers),
        await root.post(f"/cases/analyze/{case}", headers=headers),
        await root.get(f"/cases/documents/{case}", headers=headers),
        await root.get(f"/cases/file/{file}", headers=headers),
        await root.patch(f"/cases/file/{file}", headers=headers, json={"is_phi": False}),
        await root.post(f"/cases/file/{file}/restore", headers=headers),
        await root.get(f"/documents/{file}", headers=headers),
    ]


ACTS = [
    *("case.shown", "case.changed", "case.removed", "case.restored", "case.analyzed"),
    *("files.listed", "file.shown", "file.changed", "file.restored", "file.opened"),
]


@pytest.mark.parametrize("removed", [False, True])
async def test_absent_foreign_and_deleted_are_one_answer_on_every_call(
    house: House, root: AsyncClient, caller: SignedIn, removed: bool
) -> None:
    colleague = await signed_in_clinician(house, caller.organization_id)
    stranger = await signed_in_clinician(house)
    case = (await open_case(root, caller.headers))["case"]
    file = (await add_file(root, caller.headers, case["id"])).json()["file"]["file_id"]
    if removed:
        for path in (f"/cases/file/{file}", f"/cases/cases/{case['id']}"):
            assert (await root.delete(path, headers=caller.headers)).status_code == 200
    words = [(404, "Case not found")] * 6 + [(404, "File not found")] * 4
    for who in (colleague, stranger):
        for ref, file_id in ((case["id"], file), (case["case_id"], file), (uuid4(), uuid4())):
            answers = await asked(root, who, ref, file_id)
            assert [refusal(answer) for answer in answers] == words
        recorded = await refused(house, who.organization_id)
        assert [act for actor, act in recorded if actor == who.user.id] == ACTS * 3


async def test_the_name_of_another_user_is_recorded_by_every_call(
    house: House, root: AsyncClient, caller: SignedIn
) -> None:
    named = {"user_id": str(uuid4())}
    case = (await open_case(root, caller.headers))["case"]["id"]
    file = (await add_file(root, caller.headers, case)).json()["file"]["file_id"]
    calls: list[tuple[str, str]] = [
        ("GET", "/cases/all_cases"), ("GET", f"/cases/cases/{case}"),
        ("DELETE", f"/cases/cases/{case}"), ("POST", f"/cases/cases/{case}/restore"),
        ("POST", f"/cases/analyze/{case}"), ("GET", f"/cases/documents/{case}"),
        ("GET", f"/cases/file/{file}"), ("POST", f"/cases/file/{file}/restore"),
        ("GET", "/cases/trash"),
    ]  # fmt: skip
    answers = [
        await root.request(method, path, headers=caller.headers, params=named)
        for method, path in calls
    ]
    for path, update in (
        (f"/cases/cases/{case}", {"patient_age": 1}),
        (f"/cases/file/{file}", {"is_phi": False}),
    ):
        method = "PUT" if "patient_age" in update else "PATCH"
        for params, body in ((named, update), ({}, {**update, **named})):
            answers.append(
                await root.request(method, path, headers=caller.headers, params=params, json=body)
            )
    assert [answer.status_code for answer in answers] == [403] * 13
    expected = [(caller.user.id, "actor.mismatched")] * 13
    assert await refused(house, caller.organization_id) == expected


async def test_a_partner_s_case_and_its_files_are_seen_once_it_is_assigned(
    root: AsyncClient, house: House, caller: SignedIn
) -> None:
    partner = await software(house, root, caller.organization_id)
    case = await partner.opened(questions=[question("FILE", file("scan.pdf"))])
    path = f"/cases/files/{case['id']}"
    assert (await root.get(path, headers=caller.headers)).status_code == 404
    operator = Operator(caller.organization_id)
    await assign_case(house.db, house.audit, operator, CaseId(UUID(case["id"])), caller.user.id)
    (shown,) = (await root.get(path, headers=caller.headers)).json()["files"]
    assert (await root.get(shown["file_url"], headers=caller.headers)).content == PDF
    answer = await partner.get(DETAIL, caseId=case["id"])
    detail = answer.json()["caseDetail"]
    assert detail["status"] == "ASSIGNED"
    assert detail["assignedTo"]["id"] == str(caller.user.id)
