"""What is refused at this edge is in the audit, under the act that was tried, before the answer."""

from uuid import UUID, uuid4

from httpx import AsyncClient

from casekeep.http.house import House
from casekeep.identity.model import Audience, Role
from casekeep.kernel.ids import OrganizationId
from tests.support.clinician import PDF
from tests.support.house import make_account, signed_in_clinician

PATIENT = {"patient_name": "Pat Example", "patient_age": "44", "patient_gender": "female"}


async def refused(house: House, organization_id: OrganizationId) -> list[tuple[UUID, str]]:
    """Who was refused what, in order."""
    async with house.db.transaction(organization_id) as tx:
        rows = await tx.fetch(
            """select actor_id, action from audit_events
               where organization_id = $1 and outcome = 'refused' order by occurred_at, id""",
            organization_id,
        )
    return [(row["actor_id"], row["action"]) for row in rows]


async def test_the_name_of_another_user_is_recorded_by_every_call(
    house: House, clinician: AsyncClient
) -> None:
    caller = await signed_in_clinician(house)
    named, case = {"user_id": str(uuid4())}, (await caller.case()).id
    file = {"file": ("report.pdf", PDF)}
    answers = [
        await clinician.post("/cases/create_case", headers=caller.headers, data=PATIENT | named),
        await clinician.post(
            "/cases/upload", headers=caller.headers, data={"case_id": str(case)} | named, files=file
        ),
        await clinician.get(f"/cases/files/{case}", headers=caller.headers, params=named),
        await clinician.delete(f"/cases/file/{uuid4()}", headers=caller.headers, params=named),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    expected = [(caller.user.id, "actor.mismatched")] * 4
    assert await refused(house, caller.organization_id) == expected


async def test_a_case_that_an_administrator_may_not_open_is_recorded_as_one(
    house: House, clinician: AsyncClient
) -> None:
    organization_id = (await signed_in_clinician(house)).organization_id
    admin = await make_account(house, organization_id, Role.ADMIN)
    tokens = await house.sign_in.open_for(admin, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    answers = [
        await clinician.post("/cases/create_case", headers=headers, data=PATIENT),
        await clinician.post(
            "/cases/upload",
            headers=headers,
            data={"case_id": "1"},
            files={"file": ("report.pdf", PDF)},
        ),
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    expected = [(admin.id, "case.opened"), (admin.id, "file.received")]
    assert await refused(house, organization_id) == expected
