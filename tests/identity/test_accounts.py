import asyncio
from datetime import date

import pytest

from casekeep.identity.accounts import (
    disable_user,
    find_or_create_patient,
    find_user,
    list_users,
)
from casekeep.identity.model import Clinician, Gender, NewProfile, Operator, Role
from casekeep.identity.organizations import (
    all_organizations,
    create_organization,
    find_organization,
)
from casekeep.kernel.errors import AlreadyTaken, InputNotValid
from casekeep.kernel.ids import OrganizationId, UserId, new_id
from tests.identity.conftest import Office
from tests.support.factories import make_organization


async def test_an_account_is_kept_in_one_spelling(office: Office) -> None:
    user = await office.patient(
        email=" Pat@Example.ORG ", phone="+1 415 555 0123", first_name="  Pat  Ann ", last_name=""
    )
    assert (user.email, user.phone) == ("pat@example.org", "+14155550123")
    assert (user.first_name, user.last_name) == ("Pat Ann", None)
    assert await find_user(office.db, office.organization_id, user.id) == user
    assert await list_users(office.db, office.organization_id) == (user,)
    assert ("user.created", "done") in await office.audited()


async def test_email_and_phone_are_one_persons_within_an_organisation(office: Office) -> None:
    user = await office.patient(phone="+14155550123")
    for taken in ({"email": user.email}, {"phone": "+1 415 555 0123"}):
        with pytest.raises(AlreadyTaken):
            await office.clinician(**taken)
    elsewhere = await make_organization(office.db)
    await office.patient(email=user.email, phone=user.phone, organization_id=elsewhere)


async def test_another_organisations_users_are_unknown(office: Office) -> None:
    user = await office.patient()
    elsewhere = await make_organization(office.db)
    assert await find_user(office.db, elsewhere, user.id) is None
    assert await list_users(office.db, elsewhere) == ()


@pytest.mark.parametrize(
    "given",
    [{"email": None}, {"email": "pat"}, {"phone": "123"}, {"first_name": "x" * 201},
     {"first_name": "a\x00b"}],
)  # fmt: skip
async def test_what_cannot_be_kept_is_refused(office: Office, given: dict[str, object]) -> None:
    with pytest.raises(InputNotValid):
        await office.patient(**given)


async def test_patients_have_no_password(office: Office) -> None:
    with pytest.raises(InputNotValid, match="one-time code"):
        await office.patient(password="a long enough password")


async def test_a_case_finds_or_makes_its_patient(office: Office) -> None:
    staff = Clinician(office.organization_id, UserId(new_id()))
    async with office.db.transaction(office.organization_id) as tx:
        made = await find_or_create_patient(
            tx,
            office.audit,
            by=staff,
            email="New@example.org",
            phone=None,
            first_name="New",
            last_name=None,
        )
        again = await find_or_create_patient(
            tx,
            office.audit,
            by=staff,
            email="new@example.org ",
            phone="+14155550199",
            first_name="Other",
            last_name="Name",
        )
    assert made == again
    user = await find_user(office.db, office.organization_id, made)
    assert user is not None
    assert (user.role, user.first_name, user.phone) == (Role.PATIENT, "New", None)
    async with office.db.transaction(office.organization_id) as tx:
        rows = await tx.fetch("select action, actor_id, subject_id from audit_events")
    assert [tuple(row) for row in rows] == [("user.created", staff.user_id, made)]


async def test_a_new_patient_gets_a_profile_and_a_known_one_keeps_theirs(office: Office) -> None:
    said = NewProfile(
        dob=date(1980, 2, 29),
        gender=Gender.OTHER,
        address=" 1  Hill Road ",
        address2="",
        country="us",
        language_preferences=("English", "Deutsch", "English"),
    )
    for profile in (said, NewProfile(city="Elsewhere")):
        async with office.db.transaction(office.organization_id) as tx:
            made = await find_or_create_patient(
                tx,
                office.audit,
                by=Operator(office.organization_id),
                email="said@example.org",
                phone="+14155550123",
                first_name="New",
                last_name=None,
                profile=profile,
            )
    async with office.db.transaction(office.organization_id) as tx:
        row = await tx.fetch_row("select * from users where id = $1", made)
    assert row is not None
    assert (row["dob"], row["gender"], row["country"]) == (date(1980, 2, 29), "OTHER", "US")
    assert (row["address"], row["address2"], row["city"]) == ("1 Hill Road", None, None)
    assert (row["phone"], row["language_preferences"]) == ("+14155550123", ["English", "Deutsch"])


async def test_a_patient_is_made_once_however_many_ask(office: Office) -> None:
    staff = Operator(office.organization_id)

    async def ask() -> UserId:
        async with office.db.transaction(office.organization_id) as tx:
            return await find_or_create_patient(
                tx,
                office.audit,
                by=staff,
                email="twin@example.org",
                phone=None,
                first_name=None,
                last_name=None,
            )

    assert len(set(await asyncio.gather(*(ask() for _ in range(8))))) == 1


async def test_two_peoples_addresses_or_a_clinicians_make_no_patient(office: Office) -> None:
    one = await office.patient(phone="+14155550123")
    two = await office.patient(phone="+14155550124")
    staff = await office.clinician()
    for email, phone in ((one.email, two.phone), (staff.email, None), (staff.email, one.phone)):
        with pytest.raises(InputNotValid):
            async with office.db.transaction(office.organization_id) as tx:
                await find_or_create_patient(
                    tx,
                    office.audit,
                    by=Operator(office.organization_id),
                    email=email,
                    phone=phone,
                    first_name=None,
                    last_name=None,
                )


async def test_disabling_is_for_open_accounts(office: Office) -> None:
    user = await office.patient()
    await disable_user(office.db, office.audit, office.organization_id, user.id)
    for user_id in (user.id, UserId(new_id())):
        with pytest.raises(InputNotValid):
            await disable_user(office.db, office.audit, office.organization_id, user_id)
    assert ("user.disabled", "done") in await office.audited()


async def test_organisations_are_made_found_and_listed(office: Office) -> None:
    made = await create_organization(office.db, office.audit, "  Clinic on the Hill ")
    assert made.name == "Clinic on the Hill"
    assert await find_organization(office.db, made.id) == made
    assert await find_organization(office.db, OrganizationId(new_id())) is None
    assert made in await all_organizations(office.db)
    assert await office.audited(made.id) == [("organization.created", "done")]
    for name in ("", "  ", "x" * 201, "a\nb"):
        with pytest.raises(InputNotValid):
            await create_organization(office.db, office.audit, name)
