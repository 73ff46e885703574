import asyncio
from dataclasses import replace

import pytest

from casekeep.audit.log import AuditLog
from casekeep.cases.model import AnalysisState, Case, NewCase
from casekeep.cases.opening import open_case
from casekeep.db.database import Database
from casekeep.identity.model import Actor, Operator, Partner
from casekeep.kernel.clock import utc_now
from casekeep.kernel.errors import InputNotValid, RoleNotAllowed
from casekeep.kernel.ids import ApiKeyId, new_id
from tests.support.factories import (
    make_administrator,
    make_clinician,
    make_organization,
    make_patient,
)

NEW = NewCase("Pat van der Example", 44, "female", summary="Tired for weeks")


async def opened(db: Database, actor: Actor, new: NewCase) -> Case:
    async with db.transaction(actor.organization_id) as tx:
        return await open_case(tx, AuditLog(db), actor, new, at=utc_now())


async def test_a_case_belongs_to_the_clinician_who_opens_it(db: Database) -> None:
    clinician = await make_clinician(db, await make_organization(db))
    at = utc_now()
    async with db.transaction(clinician.organization_id) as tx:
        case = await open_case(tx, AuditLog(db), clinician, NEW, at=at)
        events = await tx.fetch(
            "select * from audit_events where organization_id = $1", tx.organization_id
        )
    assert (case.clinician_id, case.patient_id) == (clinician.user_id, None)
    assert (case.patient_name, case.patient_age, case.patient_gender, case.summary) == (
        "Pat van der Example",
        44,
        "female",
        "Tired for weeks",
    )
    assert (case.stage, case.analysis_state) == ("OPEN", AnalysisState.PENDING)
    assert case.created_at == case.updated_at == at
    assert [(row["action"], row["case_id"], row["actor_id"]) for row in events] == [
        ("case.opened", case.id, clinician.user_id)
    ]


async def test_numbers_are_counted_within_the_organisation_without_gaps(db: Database) -> None:
    one = await make_clinician(db, await make_organization(db))
    other = await make_clinician(db, await make_organization(db))
    cases = await asyncio.gather(*(opened(db, one, NEW) for _ in range(20)))
    first = await opened(db, other, NEW)
    assert sorted(case.number for case in cases) == list(range(10_001, 10_021))
    assert first.number == 10_001


async def test_an_email_address_links_the_case_to_one_patient(db: Database) -> None:
    clinician = await make_clinician(db, await make_organization(db))
    known = replace(NEW, patient_email="Pat@Example.org")
    first = await opened(db, clinician, known)
    again = await opened(db, clinician, replace(known, patient_email="pat@example.org "))
    assert first.patient_id is not None
    assert first.patient_id == again.patient_id
    async with db.transaction(clinician.organization_id) as tx:
        user = await tx.fetch_row(
            """select role, email, first_name, last_name from users
               where organization_id = $1 and id = $2""",
            tx.organization_id,
            first.patient_id,
        )
    assert user is not None
    assert tuple(user.values()) == ("patient", "pat@example.org", "Pat", "van der Example")


async def test_only_clinicians_and_the_operator_open_cases(db: Database) -> None:
    organization_id = await make_organization(db)
    for actor in (
        await make_patient(db, organization_id),
        await make_administrator(db, organization_id),
        Partner(organization_id, ApiKeyId(new_id())),
    ):
        with pytest.raises(RoleNotAllowed):
            await opened(db, actor, NEW)
    assert (await opened(db, Operator(organization_id), NEW)).clinician_id is None


@pytest.mark.parametrize(
    "new",
    [
        replace(NEW, patient_name=""),
        replace(NEW, patient_name="x" * 201),
        replace(NEW, patient_name="a\0b"),
        replace(NEW, patient_name="\u200d "),
        replace(NEW, patient_name="Pat\x1b[31m"),
        replace(NEW, patient_name="Pat \u202eelpmaxE"),
        replace(NEW, patient_gender="a\x07"),
        replace(NEW, patient_gender="x" * 51),
        replace(NEW, summary="\0"),
        replace(NEW, patient_age=-1),
        replace(NEW, patient_age=151),
        replace(NEW, patient_email="nobody"),
    ],
)
async def test_what_cannot_be_a_case_is_refused(db: Database, new: NewCase) -> None:
    clinician = await make_clinician(db, await make_organization(db))
    with pytest.raises(InputNotValid):
        await opened(db, clinician, new)


async def test_names_are_kept_on_one_line(db: Database) -> None:
    clinician = await make_clinician(db, await make_organization(db))
    spread = replace(NEW, patient_name=" Pat\r\n  Example\t", patient_gender="fe\nmale ")
    case = await opened(db, clinician, spread)
    assert (case.patient_name, case.patient_gender) == ("Pat Example", "fe male")


async def test_a_name_spelled_with_joiners_is_kept_with_its_account(db: Database) -> None:
    clinician = await make_clinician(db, await make_organization(db))
    name = "نوید\u200cپور خسروی\u200cنژند"
    case = await opened(db, clinician, replace(NEW, patient_name=name, patient_email="a@b.example"))
    assert case.patient_name == name
    async with db.transaction(clinician.organization_id) as tx:
        user = await tx.fetch_row(
            "select first_name, last_name from users where organization_id = $1 and id = $2",
            tx.organization_id,
            case.patient_id,
        )
    assert user is not None
    assert " ".join(user.values()) == name
