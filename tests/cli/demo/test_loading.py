"""The clinic is loaded once, as its people, through the real rooms; and an interrupted load is
completed without a trace.
"""

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from casekeep.cases.form_list import list_forms
from casekeep.cli.demo.clinic import (
    PASSWORD,
    SEED,
    AddedBy,
    Kind,
    PlannedFile,
    PlannedOrganization,
    clinic,
    count_files,
)
from casekeep.cli.demo.journal import DemoAccounts
from casekeep.cli.demo.loading import load_clinic
from casekeep.files.listing import list_case_files, list_patient_files
from casekeep.files.model import StoredFile
from casekeep.http.house import House
from casekeep.identity.accounts import list_users
from casekeep.identity.api_keys import list_api_keys
from casekeep.identity.model import Operator, Patient, Role
from casekeep.identity.organizations import all_organizations, create_organization
from casekeep.identity.profiles import show_own_profile
from casekeep.kernel.errors import CaseNotVisible, InputNotValid
from casekeep.kernel.ids import CaseNumber, OrganizationId
from casekeep.pages.demo_clinic import read_demo_clinic
from tests.cli.demo.conftest import EmptyHouse


class Interrupted(Exception):
    """Stands for Ctrl-C in the middle of a load."""


def small_plan() -> tuple[PlannedOrganization, ...]:
    """Two houses with two cases each and files that are quickly made."""
    day = date(2026, 3, 4)
    quick = (
        PlannedFile("a.txt", Kind.NOTE, "telephone", day),
        PlannedFile("b.csv", Kind.TABLE, "glucose", day),
        PlannedFile("c.txt", Kind.NOTE, "first_visit", day, added_by=AddedBy.CLINICIAN),
        PlannedFile("d.csv", Kind.TABLE, "pressure", day, added_by=AddedBy.PATIENT),
    )
    return tuple(
        replace(
            house,
            patients=(house.patients[0], house.patients[1]),
            submissions=tuple(replace(each, patient=0) for each in house.submissions),
            cases=tuple(
                replace(case, clinician=0, patient=index, files=quick)
                for index, case in enumerate(house.cases[:2])
            ),
        )
        for house in clinic()
    )


async def files_of(house: House, accounts: DemoAccounts) -> dict[tuple[str, int], list[StoredFile]]:
    """Every case's files, by organisation and number."""
    found: dict[tuple[str, int], list[StoredFile]] = {}
    for each in accounts.organizations:
        operator = Operator(OrganizationId(UUID(each.id)))
        for number in range(10001, 10100):
            try:
                listed = await list_case_files(house.db, house.audit, operator, CaseNumber(number))
            except CaseNotVisible:
                break
            found[each.name, number] = list(listed)
    return found


async def documents_of(house: House, organization_id: OrganizationId) -> int:
    async with house.db.transaction(organization_id) as tx:
        return await tx.fetch_value(
            """select count(*) from files
               where organization_id = $1 and case_id is null and state = 'stored'""",
            organization_id,
        )


async def unfinished(house: House, organization_id: OrganizationId) -> int:
    async with house.db.transaction(organization_id) as tx:
        return await tx.fetch_value(
            "select count(*) from files where organization_id = $1 and state <> 'stored'",
            organization_id,
        )


async def test_the_whole_clinic_is_loaded(empty_house: EmptyHouse, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    plan = clinic()
    async with empty_house(tmp_path) as house:
        accounts = await load_clinic(house, tmp_path, progress=lambda *now: told.append(now))
        found = await files_of(house, accounts)
        for organization, planned in zip(accounts.organizations, plan, strict=True):
            count = len(planned.cases) + len(planned.submissions)
            assert [number for name, number in found if name == planned.name] == list(
                range(10001, 10001 + count)
            )
            for index, case in enumerate(planned.cases):
                listed = found[planned.name, 10001 + index]
                assert {file.name for file in listed} == {file.name for file in case.files}
                uploaders = {file.name: file.uploaded_by for file in listed}
                for file in case.files:
                    by = uploaders[file.name]
                    subject = planned.patients[case.patient].subject
                    expected = (
                        subject.last_name
                        if file.added_by is AddedBy.PATIENT
                        else planned.clinicians[case.clinician].last_name
                    )
                    assert by is not None
                    assert by.last_name == expected
            await _check_sign_ins(house, organization.id, planned)
            await _check_profiles(house, organization.id, planned)
            await _check_forms(house, organization.id, planned)
        assert told[-1][:2] == (count_files(plan), count_files(plan))
        assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


async def _check_sign_ins(house: House, organization: str, planned: PlannedOrganization) -> None:
    organization_id = OrganizationId(UUID(organization))
    for person in (*planned.clinicians, planned.administrator):
        tokens = await house.sign_in.with_password(person.email, PASSWORD)
        assert tokens.user.organization_id == organization_id
    patients = {
        user.email: user
        for user in await list_users(house.db, organization_id)
        if user.role is Role.PATIENT
    }
    assert {email: user.phone for email, user in patients.items()} == {
        patient.email: patient.phone for patient in planned.patients
    }
    first = patients[planned.patients[0].email]
    page = await list_patient_files(house.db, house.audit, Patient(organization_id, first.id))
    assert page.files


async def _check_profiles(house: House, organization: str, planned: PlannedOrganization) -> None:
    organization_id = OrganizationId(UUID(organization))
    for user in await list_users(house.db, organization_id):
        if user.role is Role.PATIENT:
            (patient,) = [each for each in planned.patients if each.email == user.email]
            profile = await show_own_profile(
                house.db, house.audit, Patient(organization_id, user.id)
            )
            assert profile.dob == patient.subject.born
            assert profile.gender == patient.subject.gender.upper()
            assert profile.address == patient.about.address
            assert profile.address is not None


async def _check_forms(house: House, organization: str, planned: PlannedOrganization) -> None:
    forms = await list_forms(house.db, OrganizationId(UUID(organization)))
    assert [(form.title, len(form.questions)) for form in forms] == [
        (each.title, len(each.answers)) for each in planned.submissions
    ]


async def test_a_second_start_loads_nothing(empty_house: EmptyHouse, tmp_path: Path) -> None:
    async with empty_house(tmp_path) as house:
        first = await load_clinic(house, tmp_path, plan=small_plan())
        told: list[object] = []
        again = await load_clinic(
            house, tmp_path, plan=small_plan(), progress=lambda *now: told.append(now)
        )
        assert again == first == read_demo_clinic(tmp_path)
        assert told == []
        for each in first.organizations:
            partner = await house.gate.partner(each.api_key)
            assert str(partner.organization_id) == each.id


async def test_an_interrupted_load_is_completed(empty_house: EmptyHouse, tmp_path: Path) -> None:
    plan = small_plan()
    async with empty_house(tmp_path) as house:
        for most in range(count_files(plan)):

            def stop(done: int, _total: int, _label: str, most: int = most) -> None:
                if done > most:
                    raise Interrupted

            with pytest.raises(Interrupted):
                await load_clinic(house, tmp_path, plan=plan, progress=stop)
            assert not read_demo_clinic(tmp_path).organizations, "nobody sees half a clinic"
        accounts = await load_clinic(house, tmp_path, plan=plan)
        assert len(await all_organizations(house.db)) == len(plan)
        found = await files_of(house, accounts)
        submitted = [file for (_, number), file in found.items() if number > 10002]
        assert submitted == [[]], "the partner's case comes once"
        assert len(found) == 5
        for (_, number), listed in found.items():
            if number <= 10002:
                names = sorted(file.name for file in listed)
                assert names == ["a.txt", "b.csv", "c.txt", "d.csv"]
        for planned, each in zip(plan, accounts.organizations, strict=True):
            organization_id = OrganizationId(UUID(each.id))
            staff = len(planned.clinicians) + 1
            users = await list_users(house.db, organization_id)
            assert len(users) == staff + len(planned.patients)
            documents = sum(len(patient.documents) for patient in planned.patients)
            assert await documents_of(house, organization_id) == documents
            assert await unfinished(house, organization_id) == 0
            live = [
                key
                for key in await list_api_keys(house.db, organization_id)
                if key.revoked_at is None
            ]
            assert len(live) == 1


async def test_two_loads_at_once_make_one_clinic(empty_house: EmptyHouse, tmp_path: Path) -> None:
    async with empty_house(tmp_path) as house:
        both = await asyncio.gather(
            *(load_clinic(house, tmp_path, plan=small_plan()) for _ in range(2))
        )
        assert both[0] == both[1]
        assert len(await all_organizations(house.db)) == 2


async def test_real_records_are_left_alone(empty_house: EmptyHouse, tmp_path: Path) -> None:
    async with empty_house(tmp_path) as house:
        await create_organization(house.db, house.audit, "A real clinic")
        with pytest.raises(InputNotValid, match="--data"):
            await load_clinic(house, tmp_path, plan=small_plan())
        assert len(await all_organizations(house.db)) == 1
        assert not (tmp_path / "demo.json").exists()


async def test_a_new_database_gets_a_new_clinic(empty_house: EmptyHouse, tmp_path: Path) -> None:
    async with empty_house(tmp_path) as house:
        first = await load_clinic(house, tmp_path, plan=small_plan())
    async with empty_house(tmp_path) as house:
        second = await load_clinic(house, tmp_path, plan=small_plan(), seed=SEED + 1)
        assert second.organizations[0].id != first.organizations[0].id
        assert await files_of(house, second)


async def test_only_the_owner_reads_the_accounts(empty_house: EmptyHouse, tmp_path: Path) -> None:
    async with empty_house(tmp_path) as house:
        await load_clinic(house, tmp_path, plan=small_plan())
    left = _left_in(tmp_path)
    assert set(left) == {"demo.json", "demo.lock"}
    assert all(mode & 0o077 == 0 for mode in left.values())


def _left_in(data: Path) -> dict[str, int]:
    """What the loader left in the data folder, and who may read it."""
    return {path.name: path.stat().st_mode for path in data.glob("demo*")}
