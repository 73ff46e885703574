"""`POST /cases/upload`: one file more for a case, or nothing."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from casekeep.http.house import House
from casekeep.identity.model import Audience, Role
from casekeep.kernel.ids import CaseId
from tests.support.clinician import JPEG, NOTHING, PDF, Kept, add_file, kept, open_case, refusal
from tests.support.house import MIB, SignedIn, make_account, signed_in_clinician, signed_in_patient
from tests.support.portal import FILES as PORTAL_FILES
from tests.support.portal import portal

__all__ = ["portal"]

ONE_CASE = Kept(1, 0, 0)
REFUSED_CONTENT = {
    "setup.pdf": b"MZ\x90\x00" + bytes(300),
    "tool.pdf": b"\x7fELF" + bytes(300),
    "page.pdf": b"<html><script>alert(1)</script></html>",
    "page.txt": b"<!DOCTYPE html><p>",
    "run.txt": b"#!/bin/sh\nrm -rf /\n",
    "pack.pdf": b"PK\x03\x04" + bytes(300),
    "report.html": b"just text",
    "noise.pdf": bytes(range(256)),
}


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def case(clinician: AsyncClient, caller: SignedIn) -> dict[str, Any]:
    return (await open_case(clinician, caller.headers))["case"]


async def delete_case(house: House, caller: SignedIn, case_id: str) -> None:
    async with house.db.transaction(caller.organization_id) as tx:
        await tx.execute(
            "update cases set deleted_at = now() where organization_id = $1 and id = $2",
            caller.organization_id,
            CaseId(case_id),
        )


async def post_raw(clinician: AsyncClient, caller: SignedIn, body: bytes) -> Response:
    headers = {**caller.headers, "content-type": "multipart/form-data; boundary=frontier"}
    return await clinician.post("/cases/upload", content=body, headers=headers)


def field(name: str, value: object) -> bytes:
    head = f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return f"{head}{value}\r\n".encode()


def file(name: str, content: bytes, part: str = "file") -> bytes:
    head = f'--frontier\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = b"--frontier--\r\n"


@pytest.mark.parametrize("kind", ["id", "case_id"])
async def test_either_kind_of_case_id(
    clinician: AsyncClient, caller: SignedIn, case: dict[str, Any], kind: str
) -> None:
    answer = await add_file(clinician, caller.headers, case[kind])
    assert answer.status_code == 201
    assert answer.json()["file"]["case_id"] == case["id"]
    assert answer.json()["file"]["file_url"] == f"/files/{case['id']}/report.pdf"


async def test_categories(clinician: AsyncClient, caller: SignedIn, case: dict[str, Any]) -> None:
    for fields, category in [
        ({}, "lab"),
        ({"category": ""}, "lab"),
        ({"category": "lab"}, "lab"),
        ({"category": "radiology"}, "radiology"),
    ]:
        for content, media_type in [(PDF, "application/pdf"), (JPEG, "image/jpeg")]:
            answer = await add_file(
                clinician, caller.headers, case["id"], content=content, **fields
            )
            given = answer.json()["file"]
            assert (given["file_category"], given["file_type"]) == (category, media_type)


async def test_a_field_that_is_not_of_its_kind(
    house: House, clinician: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    for name, value in [
        *[("category", "xray"), ("category", "LAB"), ("is_phi", "maybe"), ("is_restricted", "2")],
        *[("case_id", "abc"), ("case_id", "-1"), ("case_id", "9" * 5000)],
    ]:
        answer = await add_file(clinician, caller.headers, **{"case": case["id"], name: value})
        status, (problem,) = refusal(answer)
        assert (status, problem["loc"], problem["input"]) == (422, ["body", name], value)
    assert await kept(house, caller.organization_id) == ONE_CASE


async def test_every_missing_field_is_told(clinician: AsyncClient, caller: SignedIn) -> None:
    answer = await clinician.post("/cases/upload", headers=caller.headers, data={"is_phi": "x"})
    status, problems = refusal(answer)
    assert status == 422
    assert [(each["type"], each["loc"][1]) for each in problems] == [
        *[("missing", "case_id"), ("value_error", "is_phi"), ("missing", "file")]
    ]
    text = {"case_id": "1", "file": "not a file"}
    answer = await clinician.post("/cases/upload", headers=caller.headers, data=text)
    status, (problem,) = refusal(answer)
    assert (status, problem["loc"]) == (422, ["body", "file"])


async def test_one_file_at_a_time(
    house: House, clinician: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    files = [("file", ("a.pdf", PDF)), ("file", ("b.pdf", PDF))]
    answer = await clinician.post(
        "/cases/upload", headers=caller.headers, data={"case_id": case["id"]}, files=files
    )
    status, (problem,) = refusal(answer)
    assert (status, problem["loc"]) == (422, ["body", "file"])
    assert await kept(house, caller.organization_id) == ONE_CASE


@pytest.mark.parametrize(
    ("fields", "is_phi", "is_restricted"),
    [
        ({}, True, False),
        ({"is_phi": "false"}, False, False),
        ({"is_phi": "0", "is_restricted": "True"}, False, True),
        ({"is_phi": "true", "is_restricted": "on"}, True, True),
    ],
)
async def test_what_the_patient_sees_of_it_in_the_portal(
    house: House,
    clinician: AsyncClient,
    portal: AsyncClient,
    fields: dict[str, str],
    *,
    is_phi: bool,
    is_restricted: bool,
) -> None:
    patient = await signed_in_patient(house)
    caller = await signed_in_clinician(house, patient.organization_id)
    opened = await open_case(clinician, caller.headers, patient_email=str(patient.user.email))
    added = await add_file(clinician, caller.headers, opened["case"]["id"], **fields)
    listed = await portal.get(PORTAL_FILES, headers=patient.headers)
    (seen,) = listed.json()["data"]["files"]
    assert seen["id"] == added.json()["file"]["file_id"]
    assert (seen["isPHI"], seen["isRestricted"]) == (is_phi, is_restricted)
    kinds = {"phi": is_phi, "general": not is_phi}
    for kind, among in kinds.items():
        found = await portal.get(PORTAL_FILES, headers=patient.headers, params={"type": kind})
        assert len(found.json()["data"]["files"]) == among


async def test_cases_that_are_absent_deleted_or_somebody_elses_are_told_alike(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    colleague = await signed_in_clinician(house, caller.organization_id)
    stranger = await signed_in_clinician(house)
    await open_case(clinician, stranger.headers)
    theirs = (await open_case(clinician, colleague.headers))["case"]
    foreign = (await open_case(clinician, stranger.headers))["case"]
    deleted = (await open_case(clinician, caller.headers))["case"]
    await delete_case(house, caller, deleted["case_id"])
    answers = [
        await add_file(clinician, caller.headers, case_id)
        for case_id in [
            *(theirs["id"], theirs["case_id"], foreign["case_id"]),
            *(deleted["id"], deleted["case_id"], 999_999_999, uuid4(), 2**63 - 1),
        ]
    ]
    assert {answer.content for answer in answers} == {b'{"detail":"Case not found"}'}
    assert {answer.status_code for answer in answers} == {404}
    assert await kept(house, caller.organization_id) == Kept(2, 0, 0)
    assert await kept(house, stranger.organization_id) == Kept(2, 0, 0)


async def test_files_of_one_name_get_paths_of_their_own_for_good(
    clinician: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    folder = f"/files/{case['id']}"

    async def added() -> tuple[str, str]:
        answer = await add_file(clinician, caller.headers, case["id"])
        assert answer.status_code == 201
        return answer.json()["file"]["file_url"], answer.json()["file"]["file_id"]

    first, second = await added(), await added()
    assert [first[0], second[0]] == [f"{folder}/report.pdf", f"{folder}/report (2).pdf"]
    await clinician.delete(f"/cases/file/{first[1]}", headers=caller.headers)
    assert (await added())[0] == f"{folder}/report (3).pdf"
    at_once = await asyncio.gather(*(added() for _ in range(5)))
    assert {url for url, _ in at_once} == {f"{folder}/report ({n}).pdf" for n in range(4, 9)}
    listed = await clinician.get(f"/cases/files/{case['id']}", headers=caller.headers)
    assert {each["file_name"] for each in listed.json()["files"]} == {"report.pdf"}


@pytest.mark.parametrize("late", [True, False])
async def test_each_category_has_its_own_limit(
    house: House, clinician: AsyncClient, caller: SignedIn, case: dict[str, Any], *, late: bool
) -> None:
    """Whether the category comes before the file or after it."""

    async def send(category: str, content: bytes) -> Response:
        parts = [field("category", category), file("scan.pdf", content)]
        body = field("case_id", case["id"]) + b"".join(reversed(parts) if late else parts) + END
        return await post_raw(clinician, caller, body)

    at_limit = await send("lab", PDF + bytes(MIB - len(PDF)))
    assert at_limit.status_code == 201
    over = await send("lab", PDF + bytes(MIB - len(PDF) + 1))
    assert refusal(over) == (413, "scan.pdf: the file is larger than 1 MB")
    assert (await send("radiology", PDF + bytes(MIB))).status_code == 201
    huge = await send("radiology", PDF + bytes(2 * MIB))
    assert refusal(huge) == (413, "scan.pdf: the file is larger than 2 MB")
    assert await kept(house, caller.organization_id) == Kept(1, 2, 2)


async def test_content_decides_what_is_taken(
    house: House, clinician: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    for name, content in REFUSED_CONTENT.items():
        answer = await add_file(clinician, caller.headers, case["id"], name=name, content=content)
        assert refusal(answer) == (415, f"{name}: the content is not of an accepted type")
    empty = await add_file(clinician, caller.headers, case["id"], name="empty.pdf", content=b"")
    assert refusal(empty) == (400, "empty.pdf: the file is empty")
    assert await kept(house, caller.organization_id) == ONE_CASE


async def test_a_form_that_is_cut_short_or_garbled_leaves_nothing(
    house: House, clinician: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    whole = field("case_id", case["id"]) + file("report.pdf", PDF) + END
    middle = len(field("case_id", case["id"])) + 100
    for body in (
        *(whole[:middle], whole[: -len(END)], whole[:-4], whole[:-3], b""),
        whole.replace(b"form-data", b"attachment"),
        whole.replace(b"\r\n\r\n", b"\r\nno colon here\r\n\r\n"),
        b"\0" * 5000,
        whole.replace(b"frontier", b"elsewhere"),
    ):
        status, text = refusal(await post_raw(clinician, caller, body))
        assert status == 400
        assert text in {"The form could not be read", "The upload ended early"}
    assert await kept(house, caller.organization_id) == ONE_CASE
    assert (await post_raw(clinician, caller, whole)).status_code == 201


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "text/plain", "multipart/form-data"]
)
async def test_a_body_that_is_no_form(
    clinician: AsyncClient, caller: SignedIn, content_type: str | None
) -> None:
    headers = {**caller.headers, **({"content-type": content_type} if content_type else {})}
    status, text = refusal(await clinician.post("/cases/upload", content=b"{}", headers=headers))
    assert status == 400
    assert text.startswith("The request must be multipart/form-data")


async def test_another_s_user_id_in_form_or_query(
    house: House, clinician: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    own, other = str(caller.user.id), str(uuid4())
    fine = await add_file(clinician, caller.headers, case["id"], user_id=own)
    assert fine.status_code == 201
    told = (403, "user_id does not match the signed-in user")
    assert refusal(await add_file(clinician, caller.headers, case["id"], user_id=other)) == told
    url, given = fine.json()["file"]["file_url"], fine.json()["file"]["file_id"]
    calls = [("GET", f"/cases/files/{case['id']}"), ("DELETE", f"/cases/file/{given}")]
    for method, path in calls:
        for query in (f"user_id={other}", f"user_id={own}&user_id={other}"):
            answer = await clinician.request(method, f"{path}?{query}", headers=caller.headers)
            assert refusal(answer) == told
    body = field("case_id", case["id"]) + file("report.pdf", PDF) + END
    headers = {**caller.headers, "content-type": "multipart/form-data; boundary=frontier"}
    answer = await clinician.post(f"/cases/upload?user_id={other}", content=body, headers=headers)
    assert refusal(answer) == told
    for method, path in calls:
        answer = await clinician.request(method, f"{path}?user_id={own}", headers=caller.headers)
        assert answer.status_code == 200
    assert (await clinician.get(url, headers=caller.headers)).status_code == 404
    assert await kept(house, caller.organization_id) == Kept(1, 1, 1)


async def test_who_may_add_no_files_is_told_so(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    case = (await open_case(clinician, caller.headers))["case"]
    admin = await make_account(house, caller.organization_id, Role.ADMIN)
    tokens = await house.sign_in.open_for(admin, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    answer = await add_file(clinician, headers, case["id"])
    assert refusal(answer) == (403, "Your account may not do this")
    listed = await clinician.get(f"/cases/files/{case['id']}", headers=headers)
    assert refusal(listed) == (404, "Case not found")


async def test_deleting_needs_a_file_of_one_s_own_and_its_case(
    house: House, clinician: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    other_case = (await open_case(clinician, caller.headers))["case"]
    file_id = (await add_file(clinician, caller.headers, case["id"])).json()["file"]["file_id"]
    colleague = await signed_in_clinician(house, caller.organization_id)
    stranger = await signed_in_clinician(house)
    for headers, path in [
        (colleague.headers, f"{file_id}"),
        (stranger.headers, f"{file_id}"),
        (caller.headers, f"{uuid4()}"),
        (caller.headers, f"{file_id}?case_id={other_case['id']}"),
        (caller.headers, f"{file_id}?case_id={other_case['case_id']}"),
    ]:
        answer = await clinician.delete(f"/cases/file/{path}", headers=headers)
        assert refusal(answer) == (404, "File not found")
    for path, where in [
        ("123", ["path", "file_id"]),
        (f"{file_id}?case_id=x", ["query", "case_id"]),
    ]:
        status, (problem,) = refusal(
            await clinician.delete(f"/cases/file/{path}", headers=caller.headers)
        )
        assert (status, problem["loc"]) == (422, where)
    for number in ("case_id", "id"):
        added = await add_file(clinician, caller.headers, case["id"])
        answer = await clinician.delete(
            f"/cases/file/{added.json()['file']['file_id']}?case_id={case[number]}",
            headers=caller.headers,
        )
        assert answer.status_code == 200


async def test_without_a_token_nothing_is_read(house: House, clinician: AsyncClient) -> None:
    answer = await clinician.post("/cases/upload", data={"case_id": "1"}, files={"file": PDF})
    assert refusal(answer) == (401, "Invalid or expired token")
    stranger = await signed_in_clinician(house)
    assert await kept(house, stranger.organization_id) == NOTHING
