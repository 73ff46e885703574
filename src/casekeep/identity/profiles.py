"""A patient's profile: shown, held while a change is judged, and kept. Whether it may be changed at
all is the question of the rooms above, which know the patient's cases.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.db.errors import RowTaken
from casekeep.identity import queries_codes, queries_profiles
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Patient, Profile
from casekeep.kernel.errors import InputNotValid, TokenNotValid, UserNotKnown


async def show_own_profile(db: Database, audit: AuditLog, patient: Patient) -> Profile:
    """The patient's own profile (portal contract, `GET /users/me`).

    Raises TokenNotValid when the account was closed since the token was checked.
    """
    async with db.transaction(patient.organization_id) as tx:
        found = await queries_profiles.profile(tx, patient.user_id)
    if found is None:
        raise TokenNotValid
    event = Event(Action.USER_SHOWN, subject_id=found.id)
    await audit.note_listing(who(patient), event)
    return found


async def hold_own_profile(tx: Tx, patient: Patient) -> Profile:
    """The patient's own profile, held until the transaction ends. Raises TokenNotValid."""
    found = await queries_profiles.hold_profile(tx, patient.user_id, None)
    if found is None:
        raise TokenNotValid
    return found


async def hold_profile_of(tx: Tx, email: str) -> Profile:
    """The profile of the patient with this (clean) email address, held until the transaction ends.

    Raises UserNotKnown.
    """
    found = await queries_profiles.hold_profile(tx, None, email)
    if found is None:
        raise UserNotKnown
    return found


def with_changes(held: Profile, changes: Mapping[str, object]) -> tuple[Profile, frozenset[str]]:
    """The profile with cleaned changes in it, and the names of the fields that are different now:
    a value that was there already is no change.
    """
    changed = {name: value for name, value in changes.items() if getattr(held, name) != value}
    return replace(held, **changed), frozenset(changed)


async def keep_changes(
    tx: Tx, audit: AuditLog, actor: Actor, after: Profile, changed: frozenset[str], *, now: datetime
) -> None:
    """Keep a held profile with the fields that changed, and record how many those were. Another
    phone number ends the code that may be on its way to the one before; one that a patient says is
    theirs is not known to be, until a code that went there comes back.

    Raises InputNotValid when somebody else has the phone number, and does not tell who.
    """
    if changed:
        try:
            await queries_profiles.change_profile(tx, after, changed)
        except RowTaken:
            raise InputNotValid("phone is not free to use") from None
    if "phone" in changed:
        by_patient = isinstance(actor, Patient)
        await queries_profiles.set_phone_proven(tx, after.id, proven=not by_patient)
        await queries_codes.end_code(tx, after.id, now)
    details = {"count": len(changed)}
    event = Event(Action.PROFILE_CHANGED, subject_id=after.id, details=details)
    await audit.record(tx, who(actor), event)
