"""Who may act in the house. An `Actor` is proof that a password, a code, a token or a key was
checked; only this room makes one.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from casekeep.kernel.ids import ApiKeyId, OrganizationId, SignInId, UserId


class Role(StrEnum):
    """What a user is in their organisation."""

    CLINICIAN = "clinician"
    PATIENT = "patient"
    ADMIN = "admin"


class Audience(StrEnum):
    """Which contract a sign-in is for; tokens of one are nothing to the other."""

    CLINICIAN = "clinician"
    PATIENT_PORTAL = "patient-portal"


@dataclass(frozen=True, slots=True)
class Clinician:
    """A signed-in clinician."""

    organization_id: OrganizationId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class Patient:
    """A signed-in patient."""

    organization_id: OrganizationId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class Administrator:
    """A signed-in administrator: keeps accounts, keys and the audit; sees no case."""

    organization_id: OrganizationId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's software, proven by an API key."""

    organization_id: OrganizationId
    api_key_id: ApiKeyId


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a shell on the server (the command line), or the server's own tasks."""

    organization_id: OrganizationId


Actor = Clinician | Patient | Administrator | Partner | Operator


@dataclass(frozen=True, slots=True)
class User:
    """A person's account."""

    id: UserId
    organization_id: OrganizationId
    role: Role
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    created_at: datetime


class Gender(StrEnum):
    """What a profile can say of a patient's gender."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProfile:
    """What is said of a patient beside their name and how they are reached; None: not known.

    `country`: two letters (ISO 3166-1). `language_preferences`: in the patient's own words, the
    preferred one first.
    """

    dob: date | None = None
    gender: Gender | None = None
    address: str | None = None
    address2: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    postal_code: str | None = None
    allergies: str | None = None
    health_conditions: str | None = None
    current_medications: str | None = None
    language_preferences: tuple[str, ...] = ()
    sms_notifications_disabled: bool = False
    email_notifications_disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(NewProfile):
    """A patient's account with all that it says."""

    id: UserId
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PatientPage:
    """Some patients, newest first, each with whether their account is open. `next_after`: the
    cursor of the page that follows, None on the last.
    """

    patients: tuple[tuple[User, bool], ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in or a refresh hands out. `expires_in`: seconds of the access token's life."""

    access_token: str
    refresh_token: str
    expires_in: int
    expires_at: datetime
    user: User
    sign_in_id: SignInId


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it may be shown: never its secret."""

    id: ApiKeyId
    organization_id: OrganizationId
    label: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant."""

    id: OrganizationId
    name: str
    created_at: datetime
