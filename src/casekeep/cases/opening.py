"""Opens a case for a clinician and links it to its patient's account. It never commits: the files
that come with a case are kept in the same transaction, or none of it is.
"""

from dataclasses import replace
from datetime import datetime

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries
from casekeep.cases.access import owner_for
from casekeep.cases.describing import (
    checked_age,
    checked_summary,
    clean_gender,
    clean_patient_name,
)
from casekeep.cases.model import Case, NewCase
from casekeep.db.database import Tx
from casekeep.identity.accounts import find_or_create_patient
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.ids import CaseId, UserId, new_id
from casekeep.webhooks.announcing import announce
from casekeep.webhooks.model import WebhookEvent


async def open_case(tx: Tx, audit: AuditLog, actor: Actor, new: NewCase, *, at: datetime) -> Case:
    """Open a case that belongs to `actor`, numbered within the organisation and dated `at`.

    An email address or a phone number links it to that patient's account, which is created if it
    is new (clinician contract, `POST /cases/create_case`).
    Raises RoleNotAllowed, InputNotValid, and what `find_or_create_patient` raises.
    """
    owner = owner_for(actor)
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
    await announce(tx, WebhookEvent.CASE_OPENED, case.id, stage=case.stage)


def _cleaned(new: NewCase) -> NewCase:
    return replace(
        new,
        patient_name=clean_patient_name(new.patient_name),
        patient_age=checked_age(new.patient_age),
        patient_gender=clean_gender(new.patient_gender),
        summary=None if new.summary is None else checked_summary(new.summary),
    )


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
