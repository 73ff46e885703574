"""How much may be said in a case."""

import httpx

from casekeep.cases.commenting import MOST_IN_CASE
from casekeep.http.house import House
from tests.support.partner import file, software
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
