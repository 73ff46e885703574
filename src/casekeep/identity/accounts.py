"""Keeps people's accounts: who they are, how they are reached, what they are in the clinic."""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity import queries, queries_profiles, queries_sign_ins
from casekeep.identity.actors import who
from casekeep.identity.contacts import clean_email, clean_phone
from casekeep.identity.model import Actor, NewProfile, Operator, Role, User
from casekeep.identity.passwords import hash_password
from casekeep.identity.profile_texts import LONGEST_NAME, clean_profile
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import AlreadyTaken, InputNotValid
from casekeep.kernel.ids import OrganizationId, UserId, new_id
from casekeep.kernel.texts import one_line


async def create_user(
    db: Database,
    audit: AuditLog,
    *,
    organization_id: OrganizationId,
    role: Role,
    email: str | None,
    phone: str | None,
    first_name: str | None,
    last_name: str | None,
    password: str | None,
    profile: NewProfile | None = None,
    by: Actor | None = None,
    clock: Clock = utc_now,
) -> User:
    """A new account; `by`: who makes it, an operator if not said.

    Raises AlreadyTaken (email or phone is somebody's in this organisation) and InputNotValid.
    """
    made = _new_user(organization_id, role, (email, phone), (first_name, last_name), clock)
    if password is not None and role is Role.PATIENT:
        raise InputNotValid("patients sign in with a one-time code, not with a password")
    profile = None if profile is None else clean_profile(profile, clock().date())
    password_hash = None if password is None else await hash_password(password)
    by = by or Operator(organization_id)
    async with db.transaction(organization_id) as tx:
        inserted = await _insert(tx, made, password_hash, profile)
        if inserted:
            await _record_created(tx, audit, by, made)
    if not inserted:
        await audit.record_refusal(who(by), Event(Action.USER_CREATED, details={"role": role}))
        raise AlreadyTaken
    return made


async def find_or_create_patient(
    tx: Tx,
    audit: AuditLog,
    *,
    by: Actor,
    email: str | None,
    phone: str | None,
    first_name: str | None,
    last_name: str | None,
    profile: NewProfile | None = None,
    clock: Clock = utc_now,
) -> UserId:
    """The patient who is reached here; a new account, recorded as made by `by`, if nobody is, with
    what `profile` says of them.

    An account that exists is left as it is: a clinician who opens a case must not be able to lead
    another person's codes elsewhere. Nor is one found by a phone number alone if its patient took
    that number without proof, or has another email address: the case would be shown to whoever took
    it. Safe to call in parallel. Raises InputNotValid when email and phone are not one patient's,
    or belong to somebody who is no patient, and for what cannot be kept.
    """
    wanted = _new_user(
        tx.organization_id, Role.PATIENT, (email, phone), (first_name, last_name), clock
    )
    profile = None if profile is None else clean_profile(profile, clock().date())
    found = await queries.users_reached_at(tx, wanted.email, wanted.phone)
    if not found:
        if await _insert(tx, wanted, profile=profile):
            await _record_created(tx, audit, by, wanted)
            return wanted.id
        found = await queries.users_reached_at(tx, wanted.email, wanted.phone)
    if len(found) != 1 or not await _is_meant(tx, found[0], wanted):
        raise InputNotValid("patient_email and patient_phone do not belong to one patient")
    return found[0].id


async def _is_meant(tx: Tx, found: User, wanted: User) -> bool:
    """Whether the account that is reached at one of two addresses is the wanted patient's."""
    if found.role is not Role.PATIENT:
        return False
    if found.email is not None and found.email == wanted.email:
        return True
    is_other = None not in {found.email, wanted.email}
    return not is_other and await queries.has_proven_phone(tx, found.id)


async def _insert(
    tx: Tx, made: User, password_hash: str | None = None, profile: NewProfile | None = None
) -> bool:
    """Whether nobody had the email address or the phone number, so that the account is there."""
    inserted = await queries.insert_user(tx, made, password_hash)
    if inserted and profile is not None:
        await queries_profiles.set_profile(tx, made.id, profile)
    return inserted


async def _record_created(tx: Tx, audit: AuditLog, by: Actor, made: User) -> None:
    event = Event(Action.USER_CREATED, subject_id=made.id, details={"role": made.role})
    await audit.record(tx, who(by), event)


async def disable_user(
    db: Database,
    audit: AuditLog,
    organization_id: OrganizationId,
    user_id: UserId,
    *,
    by: Actor | None = None,
    clock: Clock = utc_now,
) -> None:
    """Close an account: its sign-ins end at once, and it can make no new one.

    Raises InputNotValid when there is no such open account.
    """
    now = clock()
    async with db.transaction(organization_id) as tx:
        if not await queries.disable_user(tx, user_id, now):
            raise InputNotValid("user is not known")
        ended = await queries_sign_ins.end_all(tx, user_id, "revoked", now)
        await queries_sign_ins.tell_revoked(tx, user_id)  # signed in elsewhere, by an issuer
        details = {"sign_ins": len(ended)}
        event = Event(Action.USER_DISABLED, subject_id=user_id, details=details)
        await audit.record(tx, who(by or Operator(organization_id)), event)


async def find_user(db: Database, organization_id: OrganizationId, user_id: UserId) -> User | None:
    """One user of the organisation."""
    async with db.transaction(organization_id) as tx:
        return await queries.user(tx, user_id)


async def find_user_by_email(
    db: Database, organization_id: OrganizationId, email: str
) -> User | None:
    """Whoever of the organisation has this email address. Raises InputNotValid if it is none."""
    address = clean_email(email)
    async with db.transaction(organization_id) as tx:
        found = await queries.users_reached_at(tx, address, None)
    return found[0] if found else None


async def list_users(db: Database, organization_id: OrganizationId) -> tuple[User, ...]:
    """Every user of the organisation, oldest first."""
    async with db.transaction(organization_id) as tx:
        return await queries.users(tx)


def _new_user(
    organization_id: OrganizationId,
    role: Role,
    reached_at: tuple[str | None, str | None],
    names: tuple[str | None, str | None],
    clock: Clock,
) -> User:
    """The account as it will be kept. Raises InputNotValid."""
    email, phone = reached_at
    email = clean_email(email) if email and email.strip() else None
    phone = clean_phone(phone) if phone and phone.strip() else None
    if email is None and phone is None:
        raise InputNotValid("an account needs an email address or a phone number")
    first_name, last_name = (_clean_name(name) for name in names)
    user_id = UserId(new_id())
    return User(user_id, organization_id, role, email, phone, first_name, last_name, clock())


def _clean_name(name: str | None) -> str | None:
    name = one_line(name or "", "a name")
    if len(name) > LONGEST_NAME:
        raise InputNotValid(f"names have at most {LONGEST_NAME} characters")
    return name or None
