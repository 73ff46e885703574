"""The tus protocol over the portal edge: what is its own in it, and the file at the end."""

from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from casekeep.http.house import House
from tests.support.house import MIB, SignedIn, signed_in_patient
from tests.support.portal import FILES, NOT_VALID, refusal, success
from tests.support.tus import PORTAL, Sender

PDF = b"%PDF-1.7\n" + bytes(2 * MIB) + b"\n%%EOF\n"


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


@pytest.fixture
def sender(portal: httpx.AsyncClient, patient: SignedIn) -> Sender:
    return Sender(portal, patient.headers, PORTAL)


async def begun(sender: Sender, **said: object) -> str:
    answer = await sender.begin(len(PDF), said={"filename": "scan.pdf", **said})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def test_a_file_in_two_parts_is_in_the_case(
    portal: httpx.AsyncClient, sender: Sender, patient: SignedIn
) -> None:
    case = await patient.case()
    url = await begun(sender, caseId=case.id, filetype="application/pdf")
    await sender.send(url, 0, PDF[:MIB])
    assert (await sender.ask(url)).headers["upload-offset"] == str(MIB)
    last = await sender.send(url, MIB, PDF[MIB:])
    (file,) = success(await portal.get(FILES, headers=patient.headers))["files"]
    assert file["id"] == last.headers["upload-file-id"]
    link = await portal.get(f"{FILES}/{file['id']}/download", headers=patient.headers)
    content = await portal.get(success(link)["downloadUrl"])
    assert content.content == PDF


async def test_without_a_case_it_is_a_general_document_that_only_staff_see(
    portal: httpx.AsyncClient, sender: Sender, patient: SignedIn
) -> None:
    sent = await sender.send(await begun(sender), 0, PDF)
    path = f"{FILES}/{sent.headers['upload-file-id']}/metadata"
    assert (await portal.get(path, headers=patient.headers)).status_code == 404


async def test_the_content_is_what_its_sender_said(sender: Sender) -> None:
    url = await begun(sender, filetype="image/png")
    status, text, _ = refusal(await sender.send(url, 0, PDF))
    assert status == 400
    assert "scan.pdf" in text
    assert (await sender.ask(url)).status_code == 410


async def test_a_type_is_text_that_can_be_kept(sender: Sender) -> None:
    said = {"filename": "scan.pdf", "filetype": "application/pdf\0"}
    assert refusal(await sender.begin(len(PDF), said=said)) == NOT_VALID


async def test_somebody_elses_upload_is_none(house: House, sender: Sender) -> None:
    url = await begun(sender)
    other = replace(sender, headers=(await signed_in_patient(house)).headers)
    nothing = await other.send(f"{PORTAL}/{uuid4()}", 0, b"x")
    assert nothing.status_code == 404
    for answer in (await other.send(url, 0, b"x"), await other.ask(url), await other.end(url)):
        assert answer.status_code == 404
        assert answer.text in {"", nothing.text}
    assert (await sender.ask(url)).headers["upload-offset"] == "0"


async def test_another_s_case_is_none(house: House, sender: Sender) -> None:
    case = await (await signed_in_patient(house)).case()
    answers = [
        await sender.begin(1, said={"filename": "scan.pdf", "caseId": each})
        for each in (case.id, uuid4())
    ]
    assert [each.status_code for each in answers] == [403, 403]
    assert answers[0].text == answers[1].text
