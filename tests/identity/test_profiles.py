"""Profiles and what hangs on them: the code that is on its way to a phone number that changes."""

import asyncio

import pytest

from casekeep.db.database import Tx
from casekeep.identity.accounts import find_or_create_patient
from casekeep.identity.model import Actor, Operator, Partner, Patient, Profile, User
from casekeep.identity.profiles import (
    hold_own_profile,
    hold_profile_of,
    keep_changes,
    show_own_profile,
    with_changes,
)
from casekeep.kernel.clock import utc_now
from casekeep.kernel.errors import CodeNotValid, InputNotValid, TokenNotValid, UserNotKnown
from casekeep.kernel.ids import ApiKeyId, UserId, new_id
from tests.identity.conftest import Office

OLD, NEW = "+14155550123", "+14155550124"


def actor(user: User) -> Patient:
    return Patient(user.organization_id, user.id)


async def change(
    office: Office, tx: Tx, user: User, by: Actor | None = None, **given: object
) -> Profile:
    held = await hold_own_profile(tx, actor(user))
    after, changed = with_changes(held, given)
    await keep_changes(tx, office.audit, by or actor(user), after, changed, now=utc_now())
    return after


async def linked(office: Office, *, email: str | None = None, phone: str | None = None) -> UserId:
    """Whose account a new case of somebody who is reached there is linked to."""
    async with office.db.transaction(office.organization_id) as tx:
        return await find_or_create_patient(
            tx,
            office.audit,
            by=Operator(office.organization_id),
            email=email,
            phone=phone,
            first_name=None,
            last_name=None,
        )


async def live_codes(office: Office, user: User) -> int:
    async with office.db.transaction(office.organization_id) as tx:
        return await tx.fetch_value(
            "select count(*) from one_time_codes where user_id = $1 and used_at is null", user.id
        )


async def waiting(tx: Tx) -> None:
    """Until another connection waits for a lock of this transaction."""
    async with asyncio.timeout(5):
        while not await tx.fetch_value(  # noqa: ASYNC110 - the server tells nobody who waits
            """select exists (select from pg_locks where not granted
               and pg_backend_pid() = any (pg_blocking_pids(pid)))"""
        ):
            await asyncio.sleep(0.005)


async def test_a_code_does_not_outlive_the_number_it_went_to(office: Office) -> None:
    user = await office.patient(phone=OLD)
    code = await office.code_for(user, phone=OLD)
    async with office.db.transaction(office.organization_id) as tx:
        await change(office, tx, user, phone=NEW)
    for reached in ({"phone": OLD}, {"phone": NEW}, {"email": user.email}):
        with pytest.raises(CodeNotValid):
            await office.codes.verify(office.organization_id, code=code, **reached)


async def test_nobody_gets_anothers_case_by_taking_their_number(office: Office) -> None:
    taker = await office.patient(phone=OLD)
    assert await linked(office, phone=OLD) == taker.id
    async with office.db.transaction(office.organization_id) as tx:
        await change(office, tx, taker, phone=NEW)
    code = await office.code_for(taker, email=taker.email)
    await office.codes.verify(office.organization_id, code=code, phone=NEW)  # proves the mailbox
    for email in (None, "owner@example.org"):
        with pytest.raises(InputNotValid, match="one patient"):
            await linked(office, email=email, phone=NEW)
    assert await linked(office, email=taker.email, phone=NEW) == taker.id


async def test_a_number_is_known_again_once_its_code_came_back(office: Office) -> None:
    user = await office.patient(phone=OLD)
    async with office.db.transaction(office.organization_id) as tx:
        await change(office, tx, user, phone=NEW)
    code = await office.code_for(user, phone=NEW)
    with pytest.raises(InputNotValid):
        await linked(office, phone=NEW)
    await office.codes.verify(office.organization_id, code=code, phone=NEW)
    assert await linked(office, phone=NEW) == user.id


async def test_a_number_that_a_partner_gives_a_patient_is_known(office: Office) -> None:
    user = await office.patient(phone=OLD)
    partner = Partner(office.organization_id, ApiKeyId(new_id()))
    async with office.db.transaction(office.organization_id) as tx:
        await change(office, tx, user, by=partner, phone=NEW)
    assert await linked(office, phone=NEW) == user.id


async def test_a_known_number_beside_anothers_email_is_nobodys(office: Office) -> None:
    user = await office.patient(phone=OLD)
    with pytest.raises(InputNotValid, match="one patient"):
        await linked(office, email="somebody.else@example.org", phone=OLD)
    assert await linked(office, phone=OLD) == user.id


async def test_no_code_is_made_for_a_number_that_is_being_given_up(office: Office) -> None:
    user = await office.patient(phone=OLD)
    async with office.db.transaction(office.organization_id) as tx:
        await change(office, tx, user, phone=NEW)
        await office.codes.request(office.organization_id, phone=OLD)
        await waiting(tx)
    await office.codes.close()
    assert (await live_codes(office, user), office.sent()) == (0, [])


async def test_a_number_waits_for_the_code_that_is_being_made(office: Office) -> None:
    user = await office.patient(phone=OLD)
    await office.code_for(user, phone=OLD)

    async def give_up() -> None:
        async with office.db.transaction(office.organization_id) as tx:
            await change(office, tx, user, phone=NEW)

    async with office.db.transaction(office.organization_id) as tx:
        await tx.execute("select from users where id = $1 for key share", user.id)
        given_up = asyncio.create_task(give_up())
        await waiting(tx)
        await tx.execute("update one_time_codes set used_at = null where user_id = $1", user.id)
    await given_up
    assert await live_codes(office, user) == 0


async def test_whose_profile_there_is(office: Office) -> None:
    user, staff = await office.patient(), await office.clinician()
    shown = await show_own_profile(office.db, office.audit, actor(user))
    assert (shown.id, shown.email, shown.language_preferences) == (user.id, user.email, ())
    nobody = Patient(office.organization_id, UserId(new_id()))
    for none in (nobody, Patient(office.organization_id, staff.id)):
        with pytest.raises(TokenNotValid):
            await show_own_profile(office.db, office.audit, none)
    async with office.db.transaction(office.organization_id) as tx:
        assert await hold_profile_of(tx, str(user.email)) == shown
        with pytest.raises(UserNotKnown):
            await hold_profile_of(tx, str(staff.email))
        with pytest.raises(TokenNotValid):
            await hold_own_profile(tx, nobody)
