"""Resumable uploads of a patient, each call and each refusal, against golden documents."""

import base64

import httpx
import pytest

from casekeep.http.house import House
from casekeep.portal_api.app import build_app
from tests.contract.portal.test_golden import PDF, check
from tests.contract.uploading import (
    PROGRAM,
    begun,
    refused_beginnings,
    refused_parts,
    with_one_file,
    with_one_upload,
)
from tests.support.house import SignedIn, client, signed_in_patient
from tests.support.portal import FILES, success
from tests.support.tus import BYTES, PORTAL, VERSION, Sender, metadata

SAID = {"filename": "scan.pdf"}


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


@pytest.fixture
def sender(portal: httpx.AsyncClient, patient: SignedIn) -> Sender:
    return Sender(portal, patient.headers, PORTAL)


async def test_an_upload_from_first_to_last(
    portal: httpx.AsyncClient, sender: Sender, patient: SignedIn
) -> None:
    case = await patient.case()
    check("upload-options-204", await portal.options(sender.path, headers=patient.headers))
    said = {**SAID, "caseId": case.id}
    answer = await sender.begin(len(PDF), said=said)
    url = answer.headers["location"]
    check("upload-begun-201", answer, url=url, expires=answer.headers["upload-expires"])
    part = await sender.send(url, 0, PDF[:10])
    check("upload-part-204", part, expires=part.headers["upload-expires"])
    shown = await sender.ask(url)
    known = {"expires": shown.headers["upload-expires"], "metadata": metadata(**said)}
    check("upload-shown-200", shown, **known)
    last = await sender.send(url, 10, PDF[10:])
    check("upload-last-204", last, file=last.headers["upload-file-id"])
    check("upload-gone-410", await sender.end(url))


async def test_an_upload_that_is_given_up(portal: httpx.AsyncClient, sender: Sender) -> None:
    url = await begun(sender, SAID)
    check("upload-ended-204", await sender.end(url))
    check("upload-gone-410", await sender.send(url, 0, b"x"))
    url = await begun(sender, SAID)
    headers = {**sender.headers, **VERSION, "X-HTTP-Method-Override": "DELETE"}
    check("upload-ended-204", await portal.post(url, headers=headers))
    assert (await sender.ask(url)).status_code == 410


async def test_refused_parts(portal: httpx.AsyncClient, sender: Sender, patient: SignedIn) -> None:
    url = await begun(sender, SAID)
    for name, answer in (await refused_parts(sender, url)).items():
        check(name, answer)
    check("upload-id-400", await sender.send(f"{sender.path}/abc", 0, b"x"))
    unproven = {**patient.with_headers(authorization=None), **VERSION, **BYTES}
    check("upload-401", await portal.patch(url, headers=unproven, content=b"x"))
    assert (await sender.ask(url)).headers["upload-offset"] == "0"
    check("upload-refused-400", await sender.send(url, 0, PROGRAM))
    check("upload-gone-410", await sender.send(url, 0, b"x"))


async def test_refused_beginnings(sender: Sender, patient: SignedIn) -> None:
    for name, answer in (await refused_beginnings(sender)).items():
        check(name, answer)
    check("upload-name-400", await sender.begin(1))
    nothing = await sender.begin(1, said={**SAID, "caseId": patient.organization_id})
    check("upload-case-403", nothing)


async def test_no_more_than_a_patient_may_have(house: House, patient: SignedIn) -> None:
    async with client(build_app(with_one_upload(house))) as portal:
        sender = Sender(portal, patient.headers, PORTAL)
        await begun(sender, SAID)
        check("upload-unfinished-413", await sender.begin(1, said=SAID))


async def test_no_more_than_a_patient_may_keep(house: House, patient: SignedIn) -> None:
    async with client(build_app(with_one_file(house))) as portal:
        body = {
            "name": "a.pdf",
            "data": base64.b64encode(PDF).decode(),
            "mimeType": "application/pdf",
            "caseId": str((await patient.case()).id),
        }
        success(await portal.post(f"{FILES}/upload", headers=patient.headers, json=body))
        sender = Sender(portal, patient.headers, PORTAL)
        check("quota-413", await sender.begin(1, said=SAID))
        sent = await portal.post(f"{FILES}/upload", headers=patient.headers, json=body)
        check("quota-413", sent)
        listed = success(await portal.get(FILES, headers=patient.headers))["files"]
        assert len(listed) == 1
