import asyncio
from collections.abc import Awaitable, Callable

import pytest

from casekeep.audit.log import AuditLog
from casekeep.cases.listing import list_cases
from casekeep.cases.model import CaseFacts, CaseFilter, CaseOrder
from casekeep.cases.queries import find_case
from casekeep.cases.removal import remove_case, restore_case
from casekeep.db.database import Database
from casekeep.identity.model import Actor, Clinician, Operator
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, new_id
from tests.cases.events import events
from tests.support.factories import (
    make_administrator,
    make_case,
    make_clinician,
    make_organization,
    make_patient,
)


async def one_case(db: Database) -> tuple[Clinician, CaseFacts]:
    clinician = await make_clinician(db, await make_organization(db))
    case = await make_case(db, clinician.organization_id, clinician_id=clinician.user_id)
    return clinician, case


async def remove(db: Database, actor: Actor, ref: CaseRef) -> None:
    await remove_case(db, AuditLog(db), actor, ref)


async def restore(db: Database, actor: Actor, ref: CaseRef) -> CaseId:
    return (await restore_case(db, AuditLog(db), actor, ref)).id


async def listed(db: Database, clinician: Clinician) -> list[CaseId]:
    found = await list_cases(db, AuditLog(db), clinician, CaseFilter(), CaseOrder())
    return [case.id for case in found.cases]


async def test_a_removed_case_is_gone_and_comes_back_as_it_was(db: Database) -> None:
    clinician, case = await one_case(db)
    async with db.transaction(clinician.organization_id) as tx:
        before = await find_case(tx, case.id)
    await remove(db, clinician, case.number)
    assert await listed(db, clinician) == []
    for ref in (case.id, case.number):
        with pytest.raises(CaseNotVisible):
            await remove(db, clinician, ref)
    assert await restore(db, clinician, case.id) == case.id
    assert await listed(db, clinician) == [case.id]
    async with db.transaction(clinician.organization_id) as tx:
        assert await find_case(tx, case.id) == before
        row = await tx.fetch_row(
            "select deleted_at, deleted_by from cases where organization_id = $1",
            clinician.organization_id,
        )
    assert row is not None
    assert tuple(row) == (None, None)
    with pytest.raises(CaseNotVisible):
        await restore(db, clinician, case.id)
    assert await events(db, clinician.organization_id) == [
        ("case.removed", "done"),
        *[("case.removed", "refused")] * 2,
        ("case.restored", "done"),
        ("case.restored", "refused"),
    ]


async def test_who_removed_a_case_and_when_is_kept(db: Database) -> None:
    clinician, case = await one_case(db)
    await remove(db, clinician, case.id)
    async with db.transaction(clinician.organization_id) as tx:
        row = await tx.fetch_row(
            "select deleted_at, deleted_by from cases where organization_id = $1",
            clinician.organization_id,
        )
    assert row is not None
    assert row["deleted_at"] is not None
    assert row["deleted_by"] == clinician.user_id


@pytest.mark.parametrize("act", [remove, restore])
async def test_nobody_else_does_either(
    db: Database, act: Callable[[Database, Actor, CaseRef], Awaitable[object]]
) -> None:
    clinician, case = await one_case(db)
    organization_id = clinician.organization_id
    patient = await make_patient(db, organization_id)
    patients = await make_case(db, organization_id, patient_id=patient.user_id)
    if act is restore:
        await remove(db, clinician, case.id)
        await remove(db, Operator(organization_id), patients.id)
    stranger, _ = await one_case(db)
    asked: list[tuple[Actor, CaseRef]] = [
        (await make_clinician(db, organization_id), case.id),
        (await make_administrator(db, organization_id), case.id),
        (patient, patients.id),
        (stranger, case.id),
        (clinician, CaseId(new_id())),
        (clinician, CaseNumber(1)),
    ]
    for actor, ref in asked:
        with pytest.raises(CaseNotVisible):
            await act(db, actor, ref)
    await act(db, clinician, case.id)


async def test_one_of_two_removals_at_once_finds_nothing(db: Database) -> None:
    clinician, case = await one_case(db)
    for act in (remove, restore):
        outcomes = await asyncio.gather(
            *(act(db, clinician, case.id) for _ in range(4)), return_exceptions=True
        )
        refused = [each for each in outcomes if isinstance(each, CaseNotVisible)]
        assert len(refused) == 3
