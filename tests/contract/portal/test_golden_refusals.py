"""Refusals of the portal that no other golden test comes by: every cause of a 401 in one text,
malformed calls about signing in, guesses over the limit, and a store that cannot be used.
"""

import base64
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from casekeep.http.house import House
from casekeep.identity.limits import Limits
from casekeep.identity.model import Audience
from casekeep.portal_api.app import build_app
from tests.contract.portal.test_golden import PDF, check
from tests.contract.uploading import begun, without_a_store
from tests.support.house import (
    SignedIn,
    ago,
    client,
    signed_in_clinician,
    signed_in_patient,
    token_from,
)
from tests.support.partner import CASES, DETAIL, around_now, file, question, software
from tests.support.portal import AUTH, FILES, success
from tests.support.tus import PORTAL, Sender


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


async def test_a_401_has_one_text_whatever_the_cause(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    clinician = await signed_in_clinician(house, patient.organization_id)
    stranger = await signed_in_patient(house)
    expired = token_from(patient, ago(hours=1), Audience.PATIENT_PORTAL)
    for headers in (
        patient.with_headers(authorization=None),
        patient.with_headers(authorization="Basic cGF0OnB3"),
        patient.with_headers(authorization="Bearer nonsense"),
        patient.with_headers(authorization=f"Bearer {expired}"),
        patient.with_headers(authorization=clinician.headers["authorization"]),
        patient.with_headers(authorization=stranger.headers["authorization"]),
        patient.with_headers(cv_api_key="nonsense"),
    ):
        path = f"{FILES}/{uuid4()}"
        check("list-files-401", await portal.get(FILES, headers=headers))
        check("list-files-401", await portal.get(f"{path}/metadata", headers=headers))
        check("list-files-401", await portal.get(f"{path}/download", headers=headers))
        check("list-files-401", await portal.delete(path, headers=headers))
        renamed = await portal.patch(f"{path}/metadata", headers=headers, json={"fileName": "a"})
        check("list-files-401", renamed)
        check("list-files-401", await portal.post(f"{FILES}/upload", headers=headers, json={}))


async def test_malformed_calls_about_signing_in(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    key = {"cv-api-key": str(patient.key)}
    long = b'{"refresh_token": "' + b"a" * 20_000 + b'"}'
    for call in ("send-otp", "verify-otp", "refresh-token", "logout"):
        path = f"{AUTH}/{call}"
        check("list-files-400", await portal.post(path, headers=key, json={}))
        check("list-files-400", await portal.post(path, headers=key, content=b"{"))
        check("list-files-400", await portal.post(path, json={}))
        check("large-413", await portal.post(path, headers=key, content=long))
        check("auth-404", await portal.post(path, headers={"cv-api-key": "nonsense"}, json={}))
        check("method-405", await portal.get(path, headers=key))


async def test_guesses_and_requests_over_the_limit(house: House, patient: SignedIn) -> None:
    key, email = {"cv-api-key": str(patient.key)}, f"{uuid4().hex}@example.org"
    limits = Limits()
    for call, body, most in (
        ("verify-otp", {"code": "000000"}, limits.guesses_per_pair.count),
        ("send-otp", {"channel": "EMAIL"}, limits.codes_per_pair.count),
    ):
        async with client(build_app(house)) as api:
            sent = {"email": email, **body}
            for _ in range(most):
                await api.post(f"{AUTH}/{call}", headers=key, json=sent)
            answer = await api.post(f"{AUTH}/{call}", headers=key, json=sent)
        check("limited-429", answer)
        assert 0 < int(answer.headers["retry-after"]) <= limits.guesses_per_pair.seconds


async def test_a_patient_while_the_store_cannot_be_used(
    house: House, portal: httpx.AsyncClient, patient: SignedIn, tmp_path: Path
) -> None:
    content = base64.b64encode(PDF).decode()
    body = {"name": "a.pdf", "data": content, "mimeType": "application/pdf"}
    body["caseId"] = str((await patient.case()).id)
    made = success(await portal.post(f"{FILES}/upload", headers=patient.headers, json=body))
    link = await portal.get(f"{FILES}/{made['id']}/download", headers=patient.headers)
    async with without_a_store(house, tmp_path) as troubled, client(build_app(troubled)) as api:
        check("store-503", await api.post(f"{FILES}/upload", headers=patient.headers, json=body))
        check("store-503", await api.get(success(link)["downloadUrl"]))
        sender = Sender(api, patient.headers, PORTAL)
        url = await begun(sender, {"filename": "scan.pdf", "caseId": body["caseId"]}, PDF)
        check("store-503", await sender.send(url, 0, PDF))
        assert (await sender.ask(url)).headers["upload-offset"] == "0"
    listed = success(await portal.get(FILES, headers=patient.headers))["files"]
    assert [each["id"] for each in listed] == [made["id"]]
    again = Sender(portal, patient.headers, PORTAL)
    assert (await again.send(url, 0, PDF)).status_code == 204


async def test_a_partner_while_the_store_cannot_be_used(
    house: House, portal: httpx.AsyncClient, tmp_path: Path
) -> None:
    partner = await software(house, portal)
    opened = await partner.opened(questions=[question("FILE", file())])
    before = await partner.rows("cases", "communications")
    async with without_a_store(house, tmp_path) as troubled, client(build_app(troubled)) as api:
        there = await software(troubled, api, partner.organization_id)
        check("store-503", await there.send_case(questions=[question("FILE", file())]))
        check("store-503", await there.say(opened["id"], attachments=[file()]))
        whole = {"includeAttachments": "true", "documentFormat": "base64"}
        check("store-503", await there.get(DETAIL, caseId=opened["id"], **whole))
        check("store-503", await there.get(CASES, **around_now(), **whole))
    assert await partner.rows("cases", "communications") == before
