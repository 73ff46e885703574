"""What a patient is told of a file under a legal hold, against a golden document: not why."""

import httpx

from casekeep.cases.holding import hold_case, hold_file
from casekeep.http.house import House
from casekeep.identity.model import Operator
from tests.contract.portal.test_golden import check
from tests.support.house import signed_in_patient
from tests.support.portal import FILES, keep_row, success

REASON = "a reason that is nobody else's to know"


async def test_a_held_file_stays_and_nobody_says_why(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    case, actor = await patient.case(), Operator(patient.organization_id)
    held, of_case = [await keep_row(house, case, uploaded_by=patient.user.id) for _ in range(2)]
    await hold_file(house.db, house.audit, actor, held, REASON)
    check("held-409", await portal.delete(f"{FILES}/{held}", headers=patient.headers))
    await hold_case(house.db, house.audit, actor, case.id, REASON)
    check("held-409", await portal.delete(f"{FILES}/{of_case}", headers=patient.headers))
    listed = success(await portal.get(FILES, headers=patient.headers))["files"]
    assert {each["id"] for each in listed} == {str(held), str(of_case)}
