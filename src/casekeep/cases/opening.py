"""Opens a case for a clinician and links it to its patient's account. It never commits: the files
that come with a case are kept in the same transaction, or none of it is.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries
from casekeep.cases.model import Case, NewCase
from casekeep.db.database import Tx
from casekeep.identity.accounts import find_or_create_patient
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient
from casekeep.kernel.errors import InputNotValid, RoleNotAllowed
from casekeep.kernel.ids import CaseId, UserId, new_id
from casekeep.kernel.texts import one_line

LONGEST_NAME = 200
"""Characters that a patient's name may have."""

LONGEST_GENDER = 50
"""Characters that a patient's gender may have."""

OLDEST = 150
"""Years that a patient may have."""


async def open_case(tx: Tx, audit: AuditLog, actor: Actor, new: NewCase, *, at: datetime) -> Case:
    """Open a case that belongs to `actor`, numbered within the organisation and dated `at`.

    An email address or a phone number links it to that patient's account, which is created if it
    is new (clinician contract, `POST /cases/create_case`).
    Raises RoleNotAllowed, InputNotValid, and what `find_or_create_patient` raises.
    """
    owner = _owner(actor)
    new = _cleaned(new)
    case = await queries.insert_case(
        tx,
        CaseId(new_id()),
        new,
        clinician_id=owner,
        patient_id=await _patient(tx, audit, actor, new),
        at=at,
    )
    await record_opened(tx, audit, actor, case)
    return case


async def record_opened(tx: Tx, audit: AuditLog, actor: Actor, case: Case) -> None:
    """Say that `actor` opened a case, whichever way it came, in the transaction that opens it."""
    event = Event(Action.CASE_OPENED, case_id=case.id, subject_id=case.patient_id)
    await audit.record(tx, who(actor), event)


def _owner(actor: Actor) -> UserId | None:
    match actor:
        case Clinician():
            return actor.user_id
        case Operator():
            return None
        case Patient() | Administrator() | Partner():
            raise RoleNotAllowed
        case _:
            assert_never(actor)


def _cleaned(new: NewCase) -> NewCase:
    name = one_line(new.patient_name, "patient_name")
    gender = one_line(new.patient_gender, "patient_gender")
    if "\0" in (new.summary or ""):
        raise InputNotValid("A text may not hold a NUL character")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InputNotValid(f"patient_name must have 1 to {LONGEST_NAME} characters")
    if len(gender) > LONGEST_GENDER:
        raise InputNotValid(f"patient_gender must have at most {LONGEST_GENDER} characters")
    if not 0 <= new.patient_age <= OLDEST:
        raise InputNotValid(f"patient_age must be 0 to {OLDEST}")
    return replace(new, patient_name=name, patient_gender=gender)


async def _patient(tx: Tx, audit: AuditLog, actor: Actor, new: NewCase) -> UserId | None:
    if new.patient_email is None and new.patient_phone is None:
        return None
    first_name, _, last_name = new.patient_name.partition(" ")
    return await find_or_create_patient(
        tx,
        audit,
        by=actor,
        email=new.patient_email,
        phone=new.patient_phone,
        first_name=first_name,
        last_name=last_name.strip() or None,
    )
