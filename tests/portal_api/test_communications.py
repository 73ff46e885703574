"""How much may be said in a case, and sent at a time."""

import httpx
import pytest

from casekeep.cases.answering import MOST_OPTIONS
from casekeep.cases.commenting import MOST_IN_CASE
from casekeep.files.submitting import MOST_FILES
from casekeep.http.house import House
from casekeep.kernel.errors import InputNotValid
from casekeep.portal_api.partner_files import FileIn
from casekeep.portal_api.submissions import _parted
from tests.support.partner import file, question, software
from tests.support.portal import success


async def test_a_case_is_full_at_some_time(house: House, portal: httpx.AsyncClient) -> None:
    partner = await software(house, portal)
    case_id = (await partner.opened())["id"]
    async with house.db.transaction(partner.organization_id) as tx:
        await tx.execute(
            """insert into communications (organization_id, id, case_id, text, is_restricted,
                                           author_email)
               select $1, gen_random_uuid(), $2, 'said', false, 'nurse@example.org'
               from generate_series(2, $3)""",
            partner.organization_id,
            case_id,
            MOST_IN_CASE,
        )
    success(await partner.say(case_id))
    refused = await partner.say(case_id, attachments=[file()])
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert await partner.rows("communications", "files") == (MOST_IN_CASE, 0)
    assert await partner.blobs() == 0


async def test_far_too_many_parts_are_not_gone_through(
    house: House, portal: httpx.AsyncClient
) -> None:
    partner = await software(house, portal)
    case_id = (await partner.opened())["id"]
    bad = {"fileName": " ", "content": "@"}  # each would be refused, were it looked at
    for refused in (
        await partner.say(case_id, attachments=[bad] * (MOST_FILES + 1)),
        await partner.send_case(questions=[question("FILE", [bad] * (MOST_OPTIONS + 1))]),
        await partner.send_case(questions=[question("MULTISELECT", ["a"] * (MOST_OPTIONS + 1))]),
    ):
        assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert await partner.rows("communications", "files") == (0, 0)


def test_parts_are_counted_first() -> None:
    with pytest.raises(InputNotValid, match="too many parts"):
        _parted([FileIn(" ", "@")] * (MOST_OPTIONS + 1))
