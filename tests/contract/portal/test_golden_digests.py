"""Digests of what patients' and partners' software sends and gets: a wrong one is refused in the
contract's words, nothing is kept, and the refusal is recorded.
"""

import base64
import hashlib
import json

import httpx
import pytest

from casekeep.http.checked_bodies import CheckedBodies
from casekeep.http.digests import digest_field
from casekeep.http.house import House
from casekeep.portal_api.app import build_app
from tests.clinician_api.test_audited_refusals import refused
from tests.contract.portal.test_golden import check
from tests.support.clinician import NOTHING, PDF, kept
from tests.support.house import SignedIn, client, signed_in_patient
from tests.support.partner import OPEN
from tests.support.partner import body as a_case
from tests.support.portal import FILES, success

RIGHT = digest_field(hashlib.sha256(PDF).digest())
WRONG = digest_field(hashlib.sha256(PDF + b"\n").digest())
BODY = json.dumps(
    {
        "name": "report.pdf",
        "data": base64.b64encode(PDF).decode(),
        "mimeType": "application/pdf",
    }
).encode()


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


@pytest.fixture
async def portal(house: House) -> httpx.AsyncClient:
    return client(CheckedBodies(build_app(house)))


async def send(portal: httpx.AsyncClient, patient: SignedIn, **fields: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    headers = {**patient.headers, "content-type": "application/json", **named}
    return await portal.post(f"{FILES}/upload", headers=headers, content=BODY)


async def test_right_digests_are_taken_and_given(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    case = await patient.case()
    of_body = digest_field(hashlib.sha256(BODY).digest())
    general = await send(portal, patient, content_digest=of_body, repr_digest=RIGHT)
    check("upload-general-200", general)
    body = {**json.loads(BODY), "caseId": str(case.id)}
    headers = {**patient.headers, "repr-digest": RIGHT}
    file = success(await portal.post(f"{FILES}/upload", headers=headers, json=body))
    path = f"{FILES}/{file['id']}/download"
    url = success(await portal.get(path, headers=patient.headers))["downloadUrl"]
    whole, part = await portal.get(url), await portal.get(url, headers={"range": "bytes=1-2"})
    assert whole.headers["repr-digest"] == whole.headers["content-digest"] == RIGHT
    assert part.headers["repr-digest"] == RIGHT
    assert "content-digest" not in part.headers


async def test_wrong_and_malformed_digests_are_refused(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    for name, fields in (
        ("content-digest-400", {"content_digest": WRONG}),
        ("file-digest-400", {"repr_digest": WRONG}),
        ("digest-malformed-400", {"content_digest": "sha-256=abc"}),
        ("digest-malformed-400", {"repr_digest": "sha-256=:abc:"}),
    ):
        check(name, await send(portal, patient, **fields))
    assert await kept(house, patient.organization_id) == NOTHING
    recorded = await refused(house, patient.organization_id)
    assert recorded == [(patient.user.id, "file.received")] * 2


async def test_a_partners_body_is_compared_too(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    key = {"cv-api-key": str(patient.key)}
    headers = {**key, "content-digest": WRONG}
    check("content-digest-400", await portal.post(OPEN, headers=headers, json=a_case()))
    (recorded,) = await refused(house, patient.organization_id)
    assert recorded[1] == "file.received"
    assert await kept(house, patient.organization_id) == NOTHING
