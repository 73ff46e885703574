"""Digests of what a clinician's software sends and gets: a wrong one is refused in the contract's
words, nothing is kept, and the refusal is recorded.
"""

import hashlib

import pytest
from httpx import AsyncClient, Response

from casekeep.http.digests import digest_field
from casekeep.http.house import House
from tests.clinician_api.test_audited_refusals import refused
from tests.contract.clinician.test_golden import CREATE, check
from tests.support.clinician import PATIENT, PDF, add_file, kept, open_case
from tests.support.house import SignedIn, signed_in_clinician

RIGHT = digest_field(hashlib.sha256(PDF).digest())
WRONG = digest_field(hashlib.sha256(PDF + b"\n").digest())


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


def form(case: object, *fields: str) -> bytes:
    """One file for a case, its part with more header fields."""
    lines = [
        "--edge",
        'Content-Disposition: form-data; name="case_id"',
        "",
        str(case),
        "--edge",
        'Content-Disposition: form-data; name="file"; filename="report.pdf"',
        *fields,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + PDF + b"\r\n--edge--\r\n"


async def send(root: AsyncClient, caller: SignedIn, body: bytes, **fields: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    headers = {**caller.headers, "content-type": "multipart/form-data; boundary=edge", **named}
    return await root.post("/cases/upload", headers=headers, content=body)


async def test_right_digests_are_taken(root: AsyncClient, caller: SignedIn) -> None:
    case = (await open_case(root, caller.headers))["case"]["id"]
    body = form(case, f"content-digest: {RIGHT}", f"Repr-Digest: {RIGHT}")
    of_body = digest_field(hashlib.sha256(body).digest())
    sent = await send(root, caller, body, content_digest=of_body, repr_digest=RIGHT)
    check("upload-201", sent, case_number=case)
    other = await send(root, caller, form(case), content_digest="sha-512=:AAAA:")
    assert other.status_code == 201


async def test_wrong_digests_are_refused(house: House, root: AsyncClient, caller: SignedIn) -> None:
    case = (await open_case(root, caller.headers))["case"]["id"]
    before = await kept(house, caller.organization_id)
    for name, body, fields in (
        ("content-digest-400", form(case), {"content_digest": WRONG}),
        ("file-digest-400", form(case), {"repr_digest": WRONG}),
        ("file-digest-400", form(case, f"Content-Digest: {WRONG}"), {}),
        ("file-digest-400", form(case, f"Repr-Digest: {WRONG}"), {}),
        ("two-digests-400", form(case, f"Repr-Digest: {RIGHT}"), {"repr_digest": WRONG}),
    ):
        check(name, await send(root, caller, body, **fields))
    recorded = await refused(house, caller.organization_id)
    assert recorded == [(caller.user.id, "file.received")] * 5
    assert await kept(house, caller.organization_id) == before


async def test_malformed_digests_are_refused(
    house: House, root: AsyncClient, caller: SignedIn
) -> None:
    case = (await open_case(root, caller.headers))["case"]["id"]
    before = await kept(house, caller.organization_id)
    garbled = hashlib.sha256(PDF).hexdigest()
    for name, body, fields in (
        ("content-digest-malformed-400", form(case), {"content_digest": garbled}),
        ("repr-digest-malformed-400", form(case), {"repr_digest": garbled}),
        ("repr-digest-malformed-400", form(case, f"Repr-Digest: {garbled}"), {}),
    ):
        check(name, await send(root, caller, body, **fields))
    assert await kept(house, caller.organization_id) == before


async def test_a_case_is_refused_for_one_wrong_file(
    house: House, root: AsyncClient, caller: SignedIn
) -> None:
    before = await kept(house, caller.organization_id)
    part = ("report.pdf", PDF, "application/pdf", {"Content-Digest": WRONG})
    files = [("lab_files", ("first.pdf", PDF)), ("lab_files", part)]
    answer = await root.post(CREATE, headers=caller.headers, data=PATIENT, files=files)
    check("file-digest-400", answer)
    assert await refused(house, caller.organization_id) == [(caller.user.id, "case.opened")]
    assert await kept(house, caller.organization_id) == before


async def test_a_json_body_has_a_digest_too(root: AsyncClient, caller: SignedIn) -> None:
    case = (await open_case(root, caller.headers))["case"]["id"]
    headers = {**caller.headers, "content-digest": WRONG}
    change = {"patient_age": 45}
    answer = await root.put(f"/cases/cases/{case}", headers=headers, json=change)
    check("content-digest-400", answer)
    shown = await root.get(f"/cases/cases/{case}", headers=caller.headers)
    assert shown.json()["case"]["patient_age"] != 45


async def test_downloads_carry_digests(root: AsyncClient, caller: SignedIn) -> None:
    case = (await open_case(root, caller.headers))["case"]["id"]
    url = (await add_file(root, caller.headers, case)).json()["file"]["file_url"]
    digests = ("repr-digest", "content-digest")
    for method, fields, status, wanted in (
        ("GET", {}, 200, (RIGHT, RIGHT)),
        ("GET", {"range": "bytes=3-6"}, 206, (RIGHT, None)),
        ("HEAD", {}, 200, (RIGHT, None)),
        ("GET", {"want-repr-digest": "sha-512=10"}, 200, (RIGHT, RIGHT)),
        ("GET", {"want-repr-digest": "sha-256=0"}, 200, (None, RIGHT)),
        ("GET", {"range": "bytes=999999-"}, 416, (None, None)),
    ):
        answer = await root.request(method, url, headers={**caller.headers, **fields})
        assert answer.status_code == status
        assert tuple(answer.headers.get(each) for each in digests) == wanted
