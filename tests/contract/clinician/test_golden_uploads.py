"""Resumable uploads of a clinician, each call and each refusal, against golden documents."""

import httpx
import pytest

from casekeep.http.house import House
from tests.contract.clinician.test_golden import check
from tests.contract.uploading import (
    PROGRAM,
    begun,
    refused_beginnings,
    refused_parts,
    with_one_file,
    with_one_upload,
)
from tests.support.clinician import PDF, add_file, open_case, whole_server
from tests.support.house import SignedIn, client, signed_in_clinician
from tests.support.tus import BYTES, VERSION, Sender, metadata

SAID = {"filename": "scan.pdf", "category": "lab"}


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
def sender(root: httpx.AsyncClient, caller: SignedIn) -> Sender:
    return Sender(root, caller.headers)


async def test_an_upload_from_first_to_last(
    root: httpx.AsyncClient, sender: Sender, caller: SignedIn
) -> None:
    case = (await open_case(root, caller.headers))["case"]["id"]
    check("upload-options-204", await root.options(sender.path, headers=caller.headers))
    said = {**SAID, "case_id": case}
    answer = await sender.begin(len(PDF), said=said)
    url = answer.headers["location"]
    check("upload-begun-201", answer, url=url, expires=answer.headers["upload-expires"])
    part = await sender.send(url, 0, PDF[:20])
    check("upload-part-204", part, expires=part.headers["upload-expires"])
    shown = await sender.ask(url)
    known = {"expires": shown.headers["upload-expires"], "metadata": metadata(**said)}
    check("upload-shown-200", shown, **known)
    last = await sender.send(url, 20, PDF[20:])
    check("upload-last-204", last, file=last.headers["upload-file-id"])
    check("upload-gone-410", await sender.end(url))


async def test_an_upload_whose_case_is_named_at_the_end(
    root: httpx.AsyncClient, sender: Sender, caller: SignedIn
) -> None:
    url = await begun(sender, SAID, PDF)
    await sender.send(url, 0, PDF)
    case = (await open_case(root, caller.headers))["case"]["id"]
    headers, path = {**caller.headers, **VERSION}, f"{url}/case"
    nothing = await root.post(path, headers=headers, json={"case_id": "999999999"})
    check("case-404", nothing)
    named = await root.post(path, headers=headers, json={"case_id": str(case)})
    check("upload-case-204", named, file=named.headers["upload-file-id"])
    again = await root.post(path, headers=headers, json={"case_id": str(case)})
    check("upload-case-400", again)


async def test_an_upload_that_is_given_up(root: httpx.AsyncClient, sender: Sender) -> None:
    url = await begun(sender, SAID)
    check("upload-ended-204", await sender.end(url))
    check("upload-gone-410", await sender.send(url, 0, b"x"))
    url = await begun(sender, SAID)
    headers = {**sender.headers, **VERSION, "X-HTTP-Method-Override": "DELETE"}
    check("upload-ended-204", await root.post(url, headers=headers))
    assert (await sender.ask(url)).status_code == 410


async def test_refused_parts(root: httpx.AsyncClient, sender: Sender) -> None:
    url = await begun(sender, SAID)
    for name, answer in (await refused_parts(sender, url)).items():
        check(name, answer)
    check("upload-id-422", await sender.send(f"{sender.path}/abc", 0, b"x"))
    check("upload-token-401", await root.patch(url, headers={**VERSION, **BYTES}, content=b"x"))
    assert (await sender.ask(url)).headers["upload-offset"] == "0"
    check("upload-refused-415", await sender.send(url, 0, PROGRAM))
    check("upload-gone-410", await sender.send(url, 0, b"x"))


async def test_refused_beginnings(sender: Sender) -> None:
    for name, answer in (await refused_beginnings(sender)).items():
        check(name, answer)
    check("upload-category-422", await sender.begin(1, said={**SAID, "category": "ct"}))
    check("case-404", await sender.begin(1, said={**SAID, "case_id": "999999999"}))


async def test_no_more_than_a_user_may_have(house: House, caller: SignedIn) -> None:
    async with client(whole_server(with_one_upload(house))) as root:
        sender = Sender(root, caller.headers)
        await begun(sender, SAID)
        check("upload-unfinished-413", await sender.begin(1, said=SAID))


async def test_no_more_than_a_user_may_keep(house: House, caller: SignedIn) -> None:
    async with client(whole_server(with_one_file(house))) as root:
        sender = Sender(root, caller.headers)
        case = (await open_case(root, caller.headers))["case"]["id"]
        assert (await add_file(root, caller.headers, case)).status_code == 201
        check("quota-413", await sender.begin(1, said=SAID))
        check("quota-413", await add_file(root, caller.headers, case))
        listed = await root.get(f"/cases/files/{case}", headers=caller.headers)
        assert len(listed.json()["files"]) == 1
