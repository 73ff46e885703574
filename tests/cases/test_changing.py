import asyncio

import pytest

from casekeep.audit.log import AuditLog
from casekeep.cases.access import changeable_case
from casekeep.cases.changing import change_case, change_stage
from casekeep.cases.model import AnalysisState, Case, CaseChange, CaseFacts, Stage
from casekeep.cases.queries import find_case
from casekeep.db.database import Database
from casekeep.identity.model import Actor, Clinician, Operator, Partner
from casekeep.kernel.clock import utc_now
from casekeep.kernel.errors import CaseNotVisible, InputNotValid, NothingToUpdate
from casekeep.kernel.ids import ApiKeyId, CaseId, CaseNumber, CaseRef, new_id
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


async def whole(db: Database, case: CaseFacts) -> Case:
    async with db.transaction(case.organization_id) as tx:
        found = await find_case(tx, case.id)
    assert found is not None
    return found


async def change(db: Database, actor: Actor, ref: CaseRef, **of: object) -> Case:
    return await change_case(db, AuditLog(db), actor, ref, CaseChange(**of))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "of",
    [
        {"patient_name": "Ann Other"},
        {"patient_age": 0},
        {"summary": "Better"},
        {"analysis_state": AnalysisState.ARCHIVED},
        {"stage": Stage.APPROVED},
        {"patient_name": "B", "patient_age": 150, "stage": Stage.ABANDONED},
    ],
)
async def test_only_what_is_named_changes(db: Database, of: dict[str, object]) -> None:
    clinician, case = await one_case(db)
    before = await whole(db, case)
    changed = await change(db, clinician, case.number, **of)
    assert changed == await whole(db, case)
    assert changed.updated_at > before.updated_at
    fields = [name for name in Case.__dataclass_fields__ if name != "updated_at"]
    expected = {name: of.get(name, getattr(before, name)) for name in fields}
    assert {name: getattr(changed, name) for name in fields} == expected


async def test_a_summary_can_be_removed(db: Database) -> None:
    clinician, case = await one_case(db)
    assert (await change(db, clinician, case.id, summary=" Tired ")).summary == "Tired"
    assert (await change(db, clinician, case.id, patient_age=5)).summary == "Tired"
    assert (await change(db, clinician, case.id, summary="  ")).summary is None


async def test_an_update_that_changes_nothing_is_an_update(db: Database) -> None:
    clinician, case = await one_case(db)
    first = await change(db, clinician, case.id, stage=Stage.OPEN)
    second = await change(db, clinician, case.id, stage=Stage.OPEN)
    assert first.created_at < first.updated_at < second.updated_at
    with pytest.raises(NothingToUpdate):
        await change(db, clinician, case.id)


@pytest.mark.parametrize(
    "of",
    [
        {"patient_name": " "},
        {"patient_name": "x" * 201},
        {"patient_name": "a\x07"},
        {"patient_age": -1},
        {"patient_age": 151},
        {"summary": "\0"},
    ],
)
async def test_what_a_case_cannot_be_is_refused_whole(db: Database, of: dict[str, object]) -> None:
    clinician, case = await one_case(db)
    before = await whole(db, case)
    with pytest.raises(InputNotValid):
        await change(db, clinician, case.id, **{"stage": Stage.REJECTED, **of})
    assert await whole(db, case) == before


async def test_nobody_else_changes_a_case(db: Database) -> None:
    clinician, case = await one_case(db)
    organization_id = clinician.organization_id
    stranger, theirs = await one_case(db)
    patient = await make_patient(db, organization_id)
    patients = await make_case(db, organization_id, patient_id=patient.user_id)
    asked: list[tuple[Actor, CaseRef]] = [
        (await make_clinician(db, organization_id), case.id),
        (await make_administrator(db, organization_id), case.number),
        (Partner(organization_id, ApiKeyId(new_id())), case.id),
        (patient, patients.id),
        (stranger, case.id),
        (clinician, theirs.id),
        (clinician, CaseId(new_id())),
        (clinician, CaseNumber(1)),
    ]
    before = await whole(db, case)
    for actor, ref in asked:
        with pytest.raises(CaseNotVisible):
            await change(db, actor, ref, patient_name="Mine")
    assert await whole(db, case) == before
    refused = [each for each in await events(db, organization_id) if each[1] == "refused"]
    assert refused == [("case.changed", "refused")] * 7


async def test_a_change_of_stage_is_recorded_as_one(db: Database) -> None:
    clinician, case = await one_case(db)
    await change(db, clinician, case.id, stage=Stage.ASSIGNED)
    await change(db, clinician, case.id, stage=Stage.ASSIGNED, summary="Known")
    async with db.transaction(clinician.organization_id) as tx:
        rows = await tx.fetch(
            """select details from audit_events
               where organization_id = $1 and case_id = $2 order by occurred_at, id""",
            clinician.organization_id,
            case.id,
        )
    assert [row["details"] for row in rows] == ['{"stage": "ASSIGNED"}', "{}"]


async def test_of_two_changes_to_one_stage_at_once_one_is_the_change(db: Database) -> None:
    _, case = await one_case(db)
    operator = Operator(case.organization_id)

    async def to_approved() -> bool:
        async with db.transaction(case.organization_id) as tx:
            facts = await changeable_case(tx, operator, case.id)
            return await change_stage(
                tx, AuditLog(db), operator, facts, Stage.APPROVED, at=utc_now()
            )

    outcomes = await asyncio.gather(*(to_approved() for _ in range(4)))
    assert sorted(outcomes) == [False, False, False, True]
