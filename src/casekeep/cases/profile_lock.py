"""Changes patients' profiles, as far as their cases let them: who a patient is may not change under
a clinician who works on their case. Both ways to a change, the patient's and a partner's, end here.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.contacts import clean_email
from casekeep.identity.lookups import Lookups
from casekeep.identity.model import Partner, Patient, Profile
from casekeep.identity.profile_texts import clean_changes
from casekeep.identity.profiles import (
    hold_own_profile,
    hold_profile_of,
    keep_changes,
    with_changes,
)
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import InputNotValid, NothingToUpdate, ProfileLocked, UserNotKnown

LOCKED = frozenset({"first_name", "last_name", "dob", "gender"})
"""The fields that a case in work holds as they are (portal contract, "Profile")."""


async def change_own_profile(
    db: Database,
    audit: AuditLog,
    lookups: Lookups,
    patient: Patient,
    given: Mapping[str, object],
    *,
    clock: Clock = utc_now,
) -> Profile:
    """Change the fields that are given, by name, and tell the whole profile (portal contract,
    `PATCH /users/me`). None clears a field that may be cleared.

    Raises NothingToUpdate, InputNotValid, ProfileLocked, TooManyRequests for one phone number after
    the other, and TokenNotValid when the account was closed meanwhile.
    """
    now = clock()
    changes = _cleaned(given, now)
    if "phone" in changes:
        await lookups.count_number(patient, changes["phone"])
    return await _change(db, audit, patient, lambda tx: hold_own_profile(tx, patient), changes, now)


async def change_profile_of(
    db: Database,
    audit: AuditLog,
    partner: Partner,
    email: str,
    given: Mapping[str, object],
    *,
    clock: Clock = utc_now,
) -> Profile:
    """Like `change_own_profile`, for the patient with this email address (portal contract,
    `POST /users`). Raises UserNotKnown when there is none, NothingToUpdate, InputNotValid and
    ProfileLocked.
    """
    now = clock()
    address, changes = clean_email(email), _cleaned(given, now)

    return await _change(db, audit, partner, lambda tx: hold_profile_of(tx, address), changes, now)


async def _change(  # noqa: PLR0917 - the two ways above, and nobody else, come this way
    db: Database,
    audit: AuditLog,
    actor: Patient | Partner,
    hold: Callable[[Tx], Awaitable[Profile]],
    changes: Mapping[str, object],
    now: datetime,
) -> Profile:
    """The patient's row is held: a case that is coming into work waits until this is over, and one
    that has come is seen here. A refusal for what the profile or the cases are like is recorded.
    """
    subject_id = None
    try:
        async with db.transaction(actor.organization_id) as tx:
            held = await hold(tx)
            subject_id = held.id
            after, changed = with_changes(held, changes)
            await _check_lock(tx, held, changed)
            await keep_changes(tx, audit, actor, after, changed, now=now)
    except (InputNotValid, ProfileLocked, UserNotKnown):
        await audit.record_refusal(who(actor), Event(Action.PROFILE_CHANGED, subject_id=subject_id))
        raise
    return after


def _cleaned(given: Mapping[str, object], now: datetime) -> dict[str, Any]:
    if not given:
        raise NothingToUpdate
    return clean_changes(given, now.date())


async def _check_lock(tx: Tx, held: Profile, changed: frozenset[str]) -> None:
    if changed & LOCKED and await queries.has_case_in_work(tx, held.id):
        raise ProfileLocked
