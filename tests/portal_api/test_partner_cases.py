"""Cases that a partner's software opens, and finds again."""

import base64

import httpx
import pytest

from casekeep.http.house import House
from tests.support.partner import PDF, Software, file, question, software
from tests.support.portal import success


@pytest.fixture
async def partner(house: House, portal: httpx.AsyncClient) -> Software:
    return await software(house, portal)


async def test_smoke(partner: Software) -> None:
    answer = await partner.send_case(questions=[question("FILE", file()), question("NUMBER", 3)])
    case = success(answer)["case"]
    said = await partner.say(case["id"], attachments=[file("b.pdf")])
    assert success(said)["communication"]["attachments"][0]["fileName"] == "b.pdf"
    listed = await partner.listed(includeAttachments="true", documentFormat="base64")
    (found,) = success(listed)["cases"]
    assert base64.b64decode(found["attachments"][0]["content"]) == PDF
