"""The export of a case, entry by entry, against a golden document, and each of its refusals."""

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from casekeep.http.house import House
from tests.contract.clinician.test_golden import HERE, check
from tests.support.clinician import JPEG, PDF, open_case
from tests.support.golden import differences, read_golden
from tests.support.house import SignedIn, signed_in_clinician


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def case(root: AsyncClient, caller: SignedIn) -> dict[str, Any]:
    sent = [("lab_files", "lab_report.pdf", PDF), ("radiology_files", "chest_xray.jpg", JPEG)]
    return (await open_case(root, caller.headers, *sent))["case"]


async def test_the_export_of_a_case(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    by_number = await root.get(f"/cases/{case['id']}/export", headers=caller.headers)
    by_uuid = await root.get(f"/cases/{case['case_id']}/export", headers=caller.headers)
    for answer in (by_number, by_uuid):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            body = {name: archive.read(name).decode("latin-1") for name in archive.namelist()}
        known = {
            "case number": case["id"],
            "case uuid": case["case_id"],
            "clinician": str(caller.user.id),
            "size": str(len(answer.content)),
            "pdf": PDF.decode("latin-1"),
            "jpeg": JPEG.decode("latin-1"),
            "sums": body.pop("SHA256SUMS"),
        }
        documents = {name: json.loads(body.pop(name)) for name in ("manifest.json", "case.json")}
        golden = read_golden(HERE / "export-200.json", known)
        headers = {field: answer.headers.get(field) for field in golden["headers"]}
        actual = {
            "status": answer.status_code,
            "headers": headers,
            "body": {**documents, "SHA256SUMS": known["sums"], **body},
        }
        assert not list(differences(golden, actual))
        digests = [line.split("  ") for line in known["sums"].splitlines()]
        assert [path for _, path in digests] == [
            "files/lab_report.pdf",
            "files/chest_xray.jpg",
            "manifest.json",
            "case.json",
        ]


async def test_what_is_refused(root: AsyncClient, caller: SignedIn, case: dict[str, Any]) -> None:
    path, headers = f"/cases/{case['id']}/export", caller.headers
    check("token-401", await root.get(path))
    other = await root.get(path, params={"user_id": str(uuid4())}, headers=headers)
    check("user-403", other)
    check("case-404", await root.get(f"/cases/{uuid4()}/export", headers=headers))
    check("case-404", await root.get("/cases/999999/export", headers=headers))
    check("case-id-422", await root.get("/cases/abc/export", headers=headers))
