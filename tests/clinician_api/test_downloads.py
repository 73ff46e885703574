"""`GET /{file_url}`: the bytes behind it, asked for as clients do, through the whole server."""

import base64
import hashlib
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from casekeep.http.dispositions import read_disposition
from casekeep.http.house import House
from casekeep.identity.model import Audience
from casekeep.kernel.ids import CaseId
from tests.support.clinician import JPEG, PDF, add_file, open_case, refusal
from tests.support.house import SignedIn, ago, signed_in_clinician, signed_in_patient, token_from

NOT_PROVEN = (401, "Invalid or expired token")
NO_FILE = (404, "File not found")


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def case(root: AsyncClient, caller: SignedIn) -> dict[str, Any]:
    """A case of the caller's with a file of each form of `file_url`."""
    made = await open_case(
        root,
        caller.headers,
        ("lab_files", "Blood count.pdf", PDF),
        ("radiology_files", "chest.jpg", JPEG),
    )
    added = await add_file(root, caller.headers, made["case"]["id"], name="later.pdf")
    return {**made["case"], "files": [*made["uploaded_files"], added.json()["file"]]}


async def fetch(
    client: AsyncClient, caller: SignedIn, file: dict[str, Any], method: str = "GET", **fields: str
) -> Response:
    """Fetch a file as a client does that joins its base and the `file_url` with a slash."""
    headers = {**caller.headers, **{name.replace("_", "-"): each for name, each in fields.items()}}
    return await client.request(method, f"{client.base_url}/{file['file_url']}", headers=headers)


async def test_every_form_of_url_gives_the_bytes_with_one_slash_or_two(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    folders = [f"lab_files/{case['case_id']}", f"radiology_files/{case['case_id']}"]
    assert [file["file_url"] for file in case["files"]] == [
        f"{folders[0]}/Blood count.pdf",
        f"{folders[1]}/chest.jpg",
        f"/files/{case['id']}/later.pdf",
    ]
    for file, content in zip(case["files"], (PDF, JPEG, PDF), strict=True):
        joined = await fetch(root, caller, file)
        plain = await root.get("/" + file["file_url"].lstrip("/"), headers=caller.headers)
        for answer in (joined, plain):
            assert answer.status_code == 200
            assert answer.content == content
            assert answer.headers["content-type"] == file["file_type"]


async def test_the_bytes_are_saved_and_never_run(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    answer = await fetch(root, caller, case["files"][0])
    digest = base64.b64encode(hashlib.sha256(PDF).digest()).decode()
    expected = {
        "content-disposition": 'attachment; filename="Blood count.pdf"',
        "content-length": str(len(PDF)),
        "content-digest": f"sha-256=:{digest}:",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, no-cache",
        "accept-ranges": "bytes",
    }
    assert {name: answer.headers.get(name) for name in expected} == expected


async def test_without_a_live_token_there_are_no_bytes(
    house: House, root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    patient = await signed_in_patient(house)
    expired = token_from(caller, ago(hours=2), Audience.CLINICIAN)
    proofs = ["", "Bearer", "Bearer x", f"Bearer {expired}", patient.headers["authorization"]]
    for file in case["files"]:
        for proof in proofs:
            url = f"{root.base_url}/{file['file_url']}"
            answer = await root.get(url, headers={"authorization": proof})
            assert refusal(answer) == NOT_PROVEN
            assert answer.headers["www-authenticate"] == "Bearer"
        in_query = await root.get(f"{url}?token={caller.tokens.access_token}")
        assert refusal(in_query) == NOT_PROVEN


async def test_files_that_are_absent_deleted_or_somebody_elses_are_told_alike(
    house: House, root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    colleague = await signed_in_clinician(house, caller.organization_id)
    stranger = await signed_in_clinician(house)
    answers = [
        await fetch(root, other, file) for other in (colleague, stranger) for file in case["files"]
    ]
    unknown = (
        f"/files/{case['id']}/none.pdf",
        f"/files/{case['case_id']}/later.pdf",
        f"/lab_files/{uuid4()}/Blood count.pdf",
        f"/lab_files/{case['id']}/Blood count.pdf",
        f"/radiology_files/{case['case_id']}/Blood count.pdf",
        f"/lab_files/{case['case_id']}/blood count.pdf",
        "/files/x/y",
        f"/files/{case['id']}/%00",
        f"/files/{case['id']}/%ff%fe.pdf",
        f"/files/{case['id']}/..%5Clater.pdf",
    )
    answers += [await root.get(url, headers=caller.headers) for url in unknown]
    deleted, left = case["files"][2], case["files"][0]
    assert (await fetch(root, caller, deleted)).status_code == 200
    await root.delete(f"/cases/file/{deleted['file_id']}", headers=caller.headers)
    answers.append(await fetch(root, caller, deleted))
    assert (await fetch(root, caller, left)).status_code == 200
    async with house.db.transaction(caller.organization_id) as tx:
        await tx.execute(
            "update cases set deleted_at = now() where organization_id = $1 and id = $2",
            caller.organization_id,
            CaseId(case["case_id"]),
        )
    answers.append(await fetch(root, caller, left))
    for answer in answers:
        assert refusal(answer) == NO_FILE, answer.request.url


async def test_a_url_of_a_removed_file_is_never_given_to_another(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    gone = case["files"][2]
    await root.delete(f"/cases/file/{gone['file_id']}", headers=caller.headers)
    again = await add_file(root, caller.headers, case["id"], name="later.pdf")
    assert again.json()["file"]["file_url"] != gone["file_url"]
    assert refusal(await fetch(root, caller, gone)) == NO_FILE


async def test_ranges_and_what_the_client_has(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    file = case["files"][2]
    whole = await fetch(root, caller, file)
    etag = whole.headers["etag"]
    assert etag == f'"{hashlib.sha256(PDF).hexdigest()}"'
    part = await fetch(root, caller, file, range="bytes=0-3", if_range=etag)
    assert (part.status_code, part.content) == (206, b"%PDF")
    assert part.headers["content-range"] == f"bytes 0-3/{len(PDF)}"
    rest = await fetch(root, caller, file, range="bytes=4-")
    assert b"%PDF" + rest.content == PDF
    assert (await fetch(root, caller, file, range="bytes=9999-")).status_code == 416
    for tags in (etag, f'"other", W/{etag}', "*"):
        same = await fetch(root, caller, file, if_none_match=tags)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert (await fetch(root, caller, file, if_none_match='"other"')).content == PDF
    assert (await fetch(root, caller, file, if_match='"other"')).status_code == 412


async def test_head_tells_the_same_without_the_bytes(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    for file in case["files"]:
        whole, head = await fetch(root, caller, file), await fetch(root, caller, file, "HEAD")
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "etag", "content-disposition"):
            assert head.headers[name] == whole.headers[name]
    stranger = await root.head(f"/files/{case['id']}/later.pdf")
    assert stranger.status_code == 401


@pytest.mark.parametrize(
    "name",
    [
        "Röntgen Größe.pdf",
        "анализ крови.pdf",
        "胸部レントゲン.pdf",
        "فحص الدم.pdf",
        "รายงานผล.pdf",
        "क्षय रिपोर्ट.pdf",
        "🩻 scan 👩‍⚕️.pdf",
        "it's 5 o'clock; a+b=c & d, e@f !$().pdf",
        "{curly} [square] ^caret` ~.pdf",
    ],
)
async def test_names_in_any_script_come_back_as_they_were(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any], name: str
) -> None:
    for part, folder in (("lab_files", None), ("file", case)):
        if folder is None:
            made = await open_case(root, caller.headers, (part, name, PDF))
            (file,) = made["uploaded_files"]
        else:
            added = await add_file(root, caller.headers, folder["id"], name=name)
            file = added.json()["file"]
        assert file["file_name"] == name
        answer = await fetch(root, caller, file)
        assert (answer.status_code, answer.content) == (200, PDF)
        saved = read_disposition(answer.headers["content-disposition"])
        assert saved is not None
        assert saved.filename == name


async def test_the_list_is_not_sent_again(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    url = f"/cases/files/{case['id']}"
    etag = (await root.get(url, headers=caller.headers)).headers["etag"]
    for tags in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = await root.get(url, headers={**caller.headers, "if-none-match": tags})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert "content-type" not in same.headers
    for tags in ('"other"', etag.strip('"'), f'"x{etag[1:]}', ""):
        new = await root.get(url, headers={**caller.headers, "if-none-match": tags})
        assert new.status_code == 200
    stranger = await root.get(
        "/cases/files/999999", headers={**caller.headers, "if-none-match": "*"}
    )
    assert refusal(stranger) == (404, "Case not found")


async def test_reading_bytes_is_recorded_and_so_is_a_refusal(
    house: House, root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    colleague = await signed_in_clinician(house, caller.organization_id)
    file = case["files"][2]
    await fetch(root, caller, file)
    await fetch(root, colleague, file)
    async with house.db.transaction(caller.organization_id) as tx:
        rows = await tx.fetch(
            """select actor_id, outcome, file_id from audit_events
               where organization_id = $1 and action = 'file.opened' order by occurred_at""",
            caller.organization_id,
        )
    assert [(row["actor_id"], row["outcome"]) for row in rows] == [
        (caller.user.id, "done"),
        (colleague.user.id, "refused"),
    ]
    assert [str(row["file_id"]) for row in rows] == [file["file_id"], "None"]
