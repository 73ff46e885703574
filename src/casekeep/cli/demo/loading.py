"""Plays the plan of the synthetic clinic through the real rooms, as the people in it. Loads it
once; an interrupted load is completed by the next one, case by case. Never loads beside real
records.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from casekeep.cli.demo.clinic import (
    PASSWORD,
    SEED,
    PlannedOrganization,
    PlannedPatient,
    Staff,
    clinic,
    count_files,
)
from casekeep.cli.demo.journal import DemoAccounts, Journal, alone, write_accounts
from casekeep.cli.demo.playing import Adding, play_case, play_documents, play_submissions
from casekeep.http.house import House
from casekeep.identity.accounts import create_user, list_users
from casekeep.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from casekeep.identity.model import Clinician, Gender, Role
from casekeep.identity.organizations import (
    all_organizations,
    create_organization,
    find_organization,
)
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import OrganizationId, UserId
from casekeep.pages.demo_clinic import DemoOrganization, DemoPerson, read_demo_clinic

Progress = Callable[[int, int, str], None]
"""Called with how many files are done, of how many, and what comes now."""

_KEY_LABEL = "demo"


async def load_clinic(
    house: House,
    data: Path,
    *,
    progress: Progress = lambda _done, _total, _label: None,
    plan: tuple[PlannedOrganization, ...] | None = None,
    seed: int = SEED,
) -> DemoAccounts:
    """The synthetic clinic's accounts, after loading whatever of it is not there yet.

    `data`: the data folder, which remembers in `demo.json` that the clinic is whole.
    Raises InputNotValid when the database has organisations that no demo made.
    """
    plan = clinic() if plan is None else plan
    async with alone(data):
        known = read_demo_clinic(data)
        if known.organizations and await _is_there(house, known):
            return known
        journal = Journal(data)
        if not journal.begun:
            await _refuse_real_records(house)
            journal.begin()
        adding = Adding(house, journal, seed, count_files(plan), progress)
        accounts = DemoAccounts([await _play(adding, each) for each in plan])
        write_accounts(data, accounts)
        journal.end()
        return accounts


async def _is_there(house: House, known: DemoAccounts) -> bool:
    """Whether the database is still the one that the clinic was loaded into."""
    ids = [OrganizationId(UUID(each.id)) for each in known.organizations]
    return all([await find_organization(house.db, each) is not None for each in ids])


async def _refuse_real_records(house: House) -> None:
    # The demo shows its whole outbox on a page: beside real patients it would show their codes.
    if await all_organizations(house.db):
        raise InputNotValid(
            "this data folder has organisations of its own; the demo wants one for itself: "
            "give it another with --data"
        )


async def _play(adding: Adding, planned: PlannedOrganization) -> DemoOrganization:
    house = adding.house
    organization_id = await _organization(house, planned.name)
    users = {user.email: user.id for user in await list_users(house.db, organization_id)}
    staff = [(each, Role.CLINICIAN) for each in planned.clinicians]
    for person, role in (*staff, (planned.administrator, Role.ADMIN)):
        if person.email not in users:
            users[person.email] = await _hire(house, organization_id, person, role)
    for patient in planned.patients:
        if patient.email not in users:
            await _admit(house, organization_id, patient)
    clinicians = [Clinician(organization_id, users[each.email]) for each in planned.clinicians]
    cases = [
        await play_case(adding, planned, index, clinicians[case.clinician])
        for index, case in enumerate(planned.cases)
    ]
    await play_documents(adding, planned, cases, clinicians[0])
    api_key = await _api_key(house, organization_id)
    await play_submissions(adding, planned, await house.gate.partner(api_key))
    return DemoOrganization(
        id=str(organization_id),
        name=planned.name,
        api_key=api_key,
        clinicians=[
            DemoPerson(each.name, each.email, None, PASSWORD) for each in planned.clinicians
        ],
        patients=[
            DemoPerson(each.subject.name, each.email, each.phone) for each in planned.patients
        ],
        case_number=cases[0].number,
        case_id=str(cases[0].id),
        administrators=[_keeper(planned.administrator)],
    )


def _keeper(person: Staff) -> DemoPerson:
    """An administrator, who is nobody's doctor."""
    return DemoPerson(f"{person.first_name} {person.last_name}", person.email, None, PASSWORD)


async def _organization(house: House, name: str) -> OrganizationId:
    for found in await all_organizations(house.db):
        if found.name == name:
            return found.id
    return (await create_organization(house.db, house.audit, name)).id


async def _hire(house: House, organization_id: OrganizationId, person: Staff, role: Role) -> UserId:
    made = await create_user(
        house.db,
        house.audit,
        organization_id=organization_id,
        role=role,
        email=person.email,
        phone=None,
        first_name=person.first_name,
        last_name=person.last_name,
        password=PASSWORD,
    )
    return made.id


async def _admit(house: House, organization_id: OrganizationId, patient: PlannedPatient) -> None:
    """The patient's account with its profile, which their first case then finds."""
    subject = patient.subject
    await create_user(
        house.db,
        house.audit,
        organization_id=organization_id,
        role=Role.PATIENT,
        email=patient.email,
        phone=patient.phone,
        first_name=subject.first_name,
        last_name=subject.last_name,
        password=None,
        profile=replace(patient.about, dob=subject.born, gender=Gender(subject.gender.upper())),
    )


async def _api_key(house: House, organization_id: OrganizationId) -> str:
    """A fresh key; one that an interrupted load made is ended, for nobody can show it any more."""
    for key in await list_api_keys(house.db, organization_id):
        if key.label == _KEY_LABEL and key.revoked_at is None:
            await revoke_api_key(house.db, house.audit, organization_id, key.id)
    _, secret = await create_api_key(house.db, house.audit, organization_id, _KEY_LABEL)
    return secret
