from dataclasses import replace

import pytest

from casekeep.cases.access import may_change, may_restore, may_see, visible_case
from casekeep.cases.model import CaseFacts
from casekeep.db.database import Database
from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import (
    ApiKeyId,
    CaseId,
    CaseNumber,
    CaseRef,
    OrganizationId,
    UserId,
    new_id,
)
from tests.support.factories import make_case, make_clinician, make_organization, make_patient

HERE, ELSEWHERE = OrganizationId(new_id()), OrganizationId(new_id())
OWNER, PATIENT, OTHER = UserId(new_id()), UserId(new_id()), UserId(new_id())
CASE = CaseFacts(CaseId(new_id()), CaseNumber(7), HERE, OWNER, PATIENT, deleted=False)
NOBODYS = replace(CASE, clinician_id=None, patient_id=None)
ACTORS: dict[str, Actor] = {
    "owner": Clinician(HERE, OWNER),
    "other clinician": Clinician(HERE, OTHER),
    "owner's id elsewhere": Clinician(ELSEWHERE, OWNER),
    "clinician with the patient's id": Clinician(HERE, PATIENT),
    "patient": Patient(HERE, PATIENT),
    "other patient": Patient(HERE, OTHER),
    "patient's id elsewhere": Patient(ELSEWHERE, PATIENT),
    "patient with the owner's id": Patient(HERE, OWNER),
    "administrator": Administrator(HERE, OWNER),
    "partner": Partner(HERE, ApiKeyId(OTHER)),
    "partner elsewhere": Partner(ELSEWHERE, ApiKeyId(OWNER)),
    "operator": Operator(HERE),
    "operator elsewhere": Operator(ELSEWHERE),
}


@pytest.mark.parametrize(
    ("case", "seen_by"),
    [
        (CASE, {"owner", "patient", "partner", "operator"}),
        (NOBODYS, {"partner", "operator"}),
        (replace(CASE, deleted=True), set[str]()),
    ],
)
def test_who_sees_a_case(case: CaseFacts, seen_by: set[str]) -> None:
    assert {name for name, actor in ACTORS.items() if may_see(actor, case)} == seen_by


@pytest.mark.parametrize("case", [CASE, NOBODYS, replace(CASE, deleted=True)])
def test_who_changes_a_case_and_who_brings_it_back(case: CaseFacts) -> None:
    """Its clinician and the operator; of a removed one nobody, until they brought it back."""
    owners = {"operator"} | ({"owner"} if case.clinician_id else set())
    changers = {name for name, actor in ACTORS.items() if may_change(actor, case)}
    restorers = {name for name, actor in ACTORS.items() if may_restore(actor, case)}
    assert (changers, restorers) == ((set(), owners) if case.deleted else (owners, set()))


async def test_a_case_is_found_by_either_of_its_ids(db: Database) -> None:
    organization_id = await make_organization(db)
    clinician = await make_clinician(db, organization_id)
    case = await make_case(db, organization_id, clinician_id=clinician.user_id)
    async with db.transaction(organization_id) as tx:
        assert await visible_case(tx, clinician, case.id) == case
        assert await visible_case(tx, clinician, case.number) == case
        assert await visible_case(tx, clinician, case.number, lock=True) == case


async def test_absent_deleted_and_foreign_cases_are_one_fact(db: Database) -> None:
    organization_id, elsewhere = await make_organization(db), await make_organization(db)
    clinician = await make_clinician(db, organization_id)
    patient = await make_patient(db, organization_id)
    stranger = await make_clinician(db, elsewhere)
    colleagues = await make_case(db, organization_id)
    deleted = await make_case(db, organization_id, clinician_id=clinician.user_id)
    foreign = await make_case(db, elsewhere, clinician_id=stranger.user_id)
    async with db.transaction(organization_id) as tx:
        await tx.execute(
            "update cases set deleted_at = now() where organization_id = $1 and id = $2",
            organization_id,
            deleted.id,
        )
    refs: list[CaseRef] = [
        CaseId(new_id()),
        CaseNumber(1),
        CaseNumber(-5),
        CaseNumber(2**80),
        colleagues.id,
        colleagues.number,
        deleted.id,
        deleted.number,
        foreign.id,
    ]
    for ref in refs:
        async with db.transaction(organization_id) as tx:
            with pytest.raises(CaseNotVisible):
                await visible_case(tx, clinician, ref)
            with pytest.raises(CaseNotVisible):
                await visible_case(tx, patient, ref, lock=True)
