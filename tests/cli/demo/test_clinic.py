"""The plan is whole, and can reach nobody."""

import phonenumbers
import pytest

from casekeep.cli.demo.clinic import AddedBy, PlannedOrganization, clinic, count_files

pytestmark = pytest.mark.parametrize("house", clinic(), ids=lambda house: house.name)


def test_addresses_lead_nowhere(house: PlannedOrganization) -> None:
    people = [*house.clinicians, house.administrator, *house.patients]
    emails = [person.email for person in people]
    assert len(set(emails)) == len(emails)
    assert all(email.endswith("@example.org") for email in emails)


def test_phone_numbers_are_valid_and_fictional(house: PlannedOrganization) -> None:
    phones = [patient.phone for patient in house.patients if patient.phone]
    assert phones
    for phone in phones:
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone))
        # 555-0100 to 555-0199 are given to nobody.
        assert phone[5:10] == "55501"


def test_every_patient_has_a_case_and_every_case_is_in_order(house: PlannedOrganization) -> None:
    assert {case.patient for case in house.cases} == set(range(len(house.patients)))
    assert all(0 <= case.clinician < len(house.clinicians) for case in house.cases)
    first = house.cases[0]
    assert (first.clinician, first.patient) == (0, 0), "the front page shows the first of each"


def test_names_within_a_case_are_distinct(house: PlannedOrganization) -> None:
    # The loader knows by its name whether a file is there already.
    for case in house.cases:
        names = [file.name for file in case.files]
        assert len(set(names)) == len(names)


def test_the_clinic_has_files_of_every_way(house: PlannedOrganization) -> None:
    ways = {file.added_by for case in house.cases for file in case.files}
    assert ways == set(AddedBy)


def test_some_eighty_files_and_twelve_cases(house: PlannedOrganization) -> None:
    plan = clinic()
    assert house in plan
    assert 80 <= count_files(plan) <= 100
    assert sum(len(each.cases) for each in plan) == 12
