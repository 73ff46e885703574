"""Whatever goes wrong is told as the contract says; nothing more than that is told or logged."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from structlog.testing import capture_logs

from casekeep.blobs.local import LocalStore
from casekeep.db.database import Database
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import claim_receiver
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from tests.support.clinician import PDF, Kept, add_file, kept, open_case, refusal, whole_server
from tests.support.database import TestServer
from tests.support.house import SignedIn, client, signed_in_clinician

NAME = "Smith, Maria"
FILE = "smith_hiv.pdf"
SUMMARY = "very private summary"
PRIVATE = (NAME, FILE, SUMMARY, "smith", "Maria", "private")


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def elsewhere(house: House, tmp_path: Path) -> AsyncIterator[House]:
    """The house with a blob folder of its own, `tmp_path / "blobs"`, which a test may spoil."""
    blobs = LocalStore(tmp_path / "blobs")
    receiver = await claim_receiver(house.db)
    receiving = Receiving(house.db, blobs, house.audit, house.limits, receiver.number, utc_now)
    yield replace(house, blobs=blobs, receiving=receiving)
    await receiving.close()
    await receiver.close()


def failure(answer: Response) -> str:
    """The reference of a 500, which is the request's id."""
    status, text = refusal(answer)
    assert status == 500
    words, _, reference = text.rpartition(" ")
    assert words == "Internal server error:"
    assert str(UUID(reference)) == answer.headers["x-request-id"]
    return reference


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/cases", "/cases/", "/cases/file", "/cases/nothing/1", "/auth/v1", "/openapi",
     "/openapi/openapi.json", "/schema", "/lab_files/a", "/files/1", "/files/1/2/3", "/documents",
     "/.env", "/%00", "/cases/files/1/2", "/API/v1"],
)  # fmt: skip
async def test_an_unknown_path(root: AsyncClient, caller: SignedIn, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        for headers in ({}, caller.headers):
            answer = await root.request(method, path, headers=headers)
            assert refusal(answer) == (404, "Not Found")
            assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/auth/v1/token", {"POST", "OPTIONS"}),
        ("DELETE", "/cases/files/1", {"GET", "OPTIONS"}),
        ("GET", "/cases/upload", {"POST", "OPTIONS"}),
        ("PUT", "/cases/create_case", {"POST", "OPTIONS"}),
        ("POST", "/files/1/report.pdf", {"GET", "HEAD", "OPTIONS"}),
        ("BREW", "/cases/upload", {"POST", "OPTIONS"}),
    ],
)
async def test_a_method_that_a_path_does_not_have(
    root: AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = await root.request(method, path)
    assert refusal(answer) == (405, "Method Not Allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed


async def test_bytes_that_are_gone_are_a_failure_with_a_reference(
    elsewhere: House, caller: SignedIn, tmp_path: Path
) -> None:
    async with client(whole_server(elsewhere)) as root:
        made = await open_case(
            root,
            caller.headers,
            ("lab_files", FILE, PDF),
            patient_name=NAME,
            case_summary=SUMMARY,
        )
        for shard in (tmp_path / "blobs").glob("*/*"):
            shutil.rmtree(shard)
        with capture_logs() as logs:
            url = f"/{made['uploaded_files'][0]['file_url']}"
            failed = [await root.get(url, headers=caller.headers) for _ in range(2)]
        listed = await root.get(f"/cases/files/{made['case']['id']}", headers=caller.headers)
    references = {failure(answer) for answer in failed}
    assert len(references) == 2
    assert listed.status_code == 200
    noted = [line for line in logs if line["event"] == "clinician.failed"]
    assert [line["error"] for line in noted] == ["BlobMissing"] * 2
    assert not any(private in json.dumps(logs, default=str) for private in PRIVATE)


async def test_a_disk_that_takes_nothing_keeps_nothing(
    elsewhere: House, caller: SignedIn, tmp_path: Path
) -> None:
    (tmp_path / "blobs").write_bytes(b"not a folder")
    async with client(whole_server(elsewhere)) as root:
        opened = await open_case(root, caller.headers)
        with capture_logs() as logs:
            answers = [
                await add_file(root, caller.headers, opened["case"]["id"], name=FILE),
                await root.post(
                    "/cases/create_case",
                    headers=caller.headers,
                    data={"patient_name": NAME, "patient_age": "1", "patient_gender": "x"},
                    files={"lab_files": (FILE, PDF)},
                ),
            ]
        for answer in answers:
            text = "Storage is unavailable; nothing was kept, please try again"
            assert refusal(answer) == (503, text)
            assert answer.headers["retry-after"] == "30"
        assert not any(private in json.dumps(logs, default=str) for private in PRIVATE)
        (tmp_path / "blobs").unlink()
        again = await add_file(root, caller.headers, opened["case"]["id"], name=FILE)
        assert again.status_code == 201


async def test_a_house_without_its_database_tells_nothing_of_it(
    house: House, test_server: TestServer, caller: SignedIn
) -> None:
    closed = await Database.connect(test_server.application_dsn, size=1)
    await closed.close()
    shut = replace(
        house,
        db=closed,
        receiving=Receiving(closed, house.blobs, house.audit, house.limits, 1, utc_now),
    )
    await house.gate.clinician(caller.tokens.access_token)  # known by now without a question
    async with client(whole_server(shut)) as root:
        with capture_logs() as logs:
            answers = [
                await root.get("/cases/files/1", headers=caller.headers),
                await root.get(f"/files/1/{FILE}", headers=caller.headers),
                await add_file(root, caller.headers, 1, name=FILE),
                await root.post(
                    "/cases/create_case",
                    headers=caller.headers,
                    data={"patient_name": NAME, "patient_age": "1", "patient_gender": "x"},
                ),
            ]
    for answer in answers:
        failure(answer)
    assert len([line for line in logs if line["event"] == "clinician.failed"]) == 4
    assert not any(private in json.dumps(logs, default=str) for private in PRIVATE)
    assert await kept(house, caller.organization_id) == Kept(0, 0, 0)


@pytest.mark.parametrize("case_id", ["9" * 5000, "0", "00012", "{}", "urn:x", "é", "1 or 1=1"])
async def test_a_strange_case_id_is_an_answer_not_a_failure(
    root: AsyncClient, caller: SignedIn, case_id: str
) -> None:
    answer = await root.get(f"/cases/files/{case_id}", headers=caller.headers)
    assert answer.status_code in {404, 422}


@pytest.mark.parametrize(
    "authorization",
    [b"Bearer \xff\xfe", b"Bearer " + b"x" * 9000, b"bearer", b"\xc3\xa9", b"Bearer a b"],
)
async def test_a_strange_token_is_an_answer_not_a_failure(
    root: AsyncClient, authorization: bytes
) -> None:
    answer = await root.get("/cases/files/1", headers={b"authorization": authorization})
    assert refusal(answer) == (401, "Invalid or expired token")


async def test_every_answer_is_safe_from_a_browser(root: AsyncClient, caller: SignedIn) -> None:
    for path in ("/nothing", "/cases/files/1", "/auth/v1/user", "/openapi.json"):
        answer = await root.get(path, headers=caller.headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] in {"no-store", "private, no-cache"}
        assert UUID(answer.headers["x-request-id"])
