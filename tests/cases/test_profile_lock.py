"""A case that comes into work and a change of who its patient is, at the same moment: whichever is
first, the clinician never sees the patient become somebody else.
"""

import asyncio
from datetime import date

import pytest

from casekeep.audit.log import AuditLog
from casekeep.cases.model import CaseFacts
from casekeep.cases.profile_lock import change_own_profile
from casekeep.db.database import Database, Tx
from casekeep.identity.lookups import Lookups
from casekeep.identity.model import Patient, Profile
from casekeep.identity.profiles import show_own_profile
from casekeep.kernel.errors import ProfileLocked
from casekeep.kernel.ids import CaseId, new_id
from tests.support.factories import make_case, make_organization, make_patient

IN_WORK = ["ASSIGNED", "IN_PROGRESS", "APPROVED", "REJECTED", "NO_DECISION"]
ADA: dict[str, object] = {"first_name": "Ada"}


@pytest.fixture
async def patient(db: Database) -> Patient:
    return await make_patient(db, await make_organization(db))


@pytest.fixture
async def case(db: Database, patient: Patient) -> CaseFacts:
    return await make_case(db, patient.organization_id, patient_id=patient.user_id)


async def changed(db: Database, patient: Patient, given: dict[str, object]) -> Profile:
    audit = AuditLog(db)
    return await change_own_profile(db, audit, Lookups(db, audit, b"a key"), patient, given)


async def assign(tx: Tx, case_id: CaseId, stage: str = "ASSIGNED") -> None:
    await tx.execute("update cases set stage = $2 where id = $1", case_id, stage)


async def insert_assigned(tx: Tx, patient: Patient) -> None:
    await tx.execute(
        """insert into cases (id, organization_id, number, patient_id, patient_name, stage)
           values ($1, $2, 77, $3, 'Pat', 'ASSIGNED')""",
        new_id(),
        patient.organization_id,
        patient.user_id,
    )


async def somebody_waits(tx: Tx) -> None:
    """Until another connection of this database waits for a lock of this transaction."""
    async with asyncio.timeout(5):
        while not await tx.fetch_value(  # noqa: ASYNC110 - the server tells nobody who waits
            """select exists (select from pg_locks where not granted
               and pg_backend_pid() = any (pg_blocking_pids(pid)))"""
        ):
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("stage", IN_WORK)
async def test_a_change_waits_for_a_case_that_comes_into_work(
    db: Database, patient: Patient, case: CaseFacts, stage: str
) -> None:
    audit = AuditLog(db)
    async with db.transaction(patient.organization_id) as tx:
        await assign(tx, case.id, stage)
        change = asyncio.create_task(changed(db, patient, ADA))
        await somebody_waits(tx)
    with pytest.raises(ProfileLocked):
        await change
    assert (await show_own_profile(db, audit, patient)).first_name == "Test"


async def test_a_change_waits_for_a_new_case_that_is_in_work(
    db: Database, patient: Patient
) -> None:
    async with db.transaction(patient.organization_id) as tx:
        await insert_assigned(tx, patient)
        change = asyncio.create_task(changed(db, patient, ADA))
        await somebody_waits(tx)
    with pytest.raises(ProfileLocked):
        await change


async def test_a_change_waits_for_a_case_that_comes_back(
    db: Database, patient: Patient, case: CaseFacts
) -> None:
    """Restored, or given to this patient: in work it was before."""
    other = await make_patient(db, patient.organization_id)
    async with db.transaction(patient.organization_id) as tx:
        await assign(tx, case.id)
        await tx.execute("update cases set deleted_at = now() where id = $1", case.id)
    for back in ("deleted_at = null", f"patient_id = '{other.user_id}'"):
        async with db.transaction(patient.organization_id) as tx:
            await tx.execute(f"update cases set {back} where id = $1", case.id)
            whose = other if "patient_id" in back else patient
            change = asyncio.create_task(changed(db, whose, ADA))
            await somebody_waits(tx)
        with pytest.raises(ProfileLocked):
            await change


async def test_a_case_waits_for_a_change_that_was_first(
    db: Database, patient: Patient, case: CaseFacts
) -> None:
    async with db.transaction(patient.organization_id) as tx:
        await tx.fetch("select from users where id = $1 for update", patient.user_id)
        assigned = asyncio.create_task(_assigned(db, case))
        await somebody_waits(tx)
    await assigned
    with pytest.raises(ProfileLocked):
        await changed(db, patient, ADA)


async def test_a_case_that_is_in_nobodys_hands_waits_for_nothing(
    db: Database, patient: Patient, case: CaseFacts
) -> None:
    async with db.transaction(patient.organization_id) as held:
        await held.fetch("select from users where id = $1 for update", patient.user_id)
        async with asyncio.timeout(2), db.transaction(patient.organization_id) as tx:
            await assign(tx, case.id, "ABANDONED")


async def test_many_changes_at_once_lose_none(db: Database, patient: Patient) -> None:
    audit = AuditLog(db)
    bits: list[dict[str, object]] = [
        {"first_name": "A"},
        {"last_name": "B"},
        {"city": "C"},
        {"dob": date(2000, 1, 1)},
    ]
    await asyncio.gather(*(changed(db, patient, each) for each in bits))
    after = await show_own_profile(db, audit, patient)
    known = (after.first_name, after.last_name, after.city, after.dob)
    assert known == ("A", "B", "C", date(2000, 1, 1))


async def test_of_a_change_and_an_assignment_at_once_the_profile_agrees_with_what_was_seen(
    db: Database,
) -> None:
    """Whoever assigns reads the patient's name in the same transaction; it must be what stays."""
    audit = AuditLog(db)
    for _ in range(20):
        patient = await make_patient(db, await make_organization(db))
        case = await make_case(db, patient.organization_id, patient_id=patient.user_id)
        seen, outcome = await asyncio.gather(
            _assigned(db, case),
            changed(db, patient, ADA),
            return_exceptions=True,
        )
        assert isinstance(seen, str)
        assert (await show_own_profile(db, audit, patient)).first_name == seen
        assert isinstance(outcome, ProfileLocked) == (seen == "Test")


async def _assigned(db: Database, case: CaseFacts) -> str:
    """Assign a case; the first name of the patient that its clinician then sees."""
    async with db.transaction(case.organization_id) as tx:
        await assign(tx, case.id)
        return await tx.fetch_value("select first_name from users where id = $1", case.patient_id)
