"""The shapes of profiles and users on the wire, spelled as the published pages spell them, and what
each field is called in the core.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from casekeep.http.timestamps import milliseconds
from casekeep.identity.model import Gender, PatientPage, Profile, User
from casekeep.identity.profile_texts import (
    LONGEST_ADDRESS,
    LONGEST_LANGUAGE,
    LONGEST_NAME,
    LONGEST_PLACE,
    LONGEST_POSTAL_CODE,
    LONGEST_TEXT,
    MOST_LANGUAGES,
)

from .attachments import PageInfo, Timestamp
from .envelope import Success

UNSET = msgspec.UNSET
Unset = msgspec.UnsetType

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
Phone = Annotated[str, msgspec.Meta(max_length=64, description="E.164, such as +15551234567")]
EmailAddress = Annotated[str, msgspec.Meta(max_length=320, description="An email address")]
AddressLine = Annotated[str, msgspec.Meta(max_length=LONGEST_ADDRESS)]
City = Annotated[str, msgspec.Meta(max_length=LONGEST_PLACE)]
State = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PLACE)]
Country = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Za-z]{2}$", min_length=2, max_length=2, description="Two letters (ISO 3166-1)"
    ),
]
PostalCode = Annotated[str, msgspec.Meta(max_length=LONGEST_POSTAL_CODE)]
ClinicalText = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
Language = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_LANGUAGE)]


class ProfileChanges(msgspec.Struct, frozen=True, rename="camel"):
    """What of a profile is to change; unknown keys are ignored, one known key is needed. `null`
    clears what can be cleared.
    """

    first_name: Name | Unset = UNSET
    last_name: Name | Unset = UNSET
    phone_number: Phone | Unset = UNSET
    dob: date | Unset = UNSET
    gender: Gender | Unset = UNSET
    address: AddressLine | Unset | None = UNSET
    address2: AddressLine | Unset | None = UNSET
    city: City | Unset | None = UNSET
    state: State | Unset = UNSET
    country: Country | Unset = UNSET
    postal_code: PostalCode | Unset | None = UNSET
    allergies: ClinicalText | Unset | None = UNSET
    health_conditions: ClinicalText | Unset | None = UNSET
    current_medications: ClinicalText | Unset | None = UNSET


class Communication(msgspec.Struct, frozen=True, rename="camel"):
    """By what a patient does not wish to be told of things."""

    sms_notifications_disabled: bool | Unset = UNSET
    email_notifications_disabled: bool | Unset = UNSET


class UserData(ProfileChanges, frozen=True, kw_only=True, rename="camel"):
    """Whom an act is about, by email address, and what is said of them."""

    email: EmailAddress
    language_preferences: (
        Annotated[list[Language], msgspec.Meta(max_length=MOST_LANGUAGES)] | Unset
    ) = UNSET
    communication: Communication | Unset = UNSET


class OneProfile(msgspec.Struct, frozen=True, rename="camel"):
    """A patient's profile; null is what is not known."""

    id: UUID
    email: str | None
    first_name: str | None
    last_name: str | None
    phone_number: str | None
    dob: Timestamp | None
    gender: Gender | None
    address: str | None
    address2: str | None
    city: str | None
    state: str | None
    country: str | None
    postal_code: str | None
    allergies: str | None
    health_conditions: str | None
    current_medications: str | None
    created_at: Timestamp


class ProfileAnswer(Success, frozen=True):
    """A profile, whole."""

    data: OneProfile


class OneUser(msgspec.Struct, frozen=True, rename="camel"):
    """A patient's account. `isActive`: whether they can sign in."""

    id: UUID
    email: str | None
    first_name: str | None
    last_name: str | None
    phone_number: str | None
    role: Literal["USER"]
    is_active: bool
    created_at: Timestamp


class Users(msgspec.Struct, frozen=True, rename="camel"):
    """A page of patients, newest first."""

    users: list[OneUser]
    page_info: PageInfo


class UserAnswer(Success, frozen=True):
    """One patient's account."""

    data: OneUser


class UsersAnswer(Success, frozen=True):
    """A page of patients."""

    data: Users


def given_fields(body: ProfileChanges) -> dict[str, Any]:
    """What a body says of a profile, by the core's names of the fields."""
    said = msgspec.structs.asdict(body)
    said["phone"] = said.pop("phone_number")
    said.pop("email", None)
    switches = said.pop("communication", UNSET)
    if switches is not UNSET:
        said.update(msgspec.structs.asdict(switches))
    return {name: value for name, value in said.items() if value is not UNSET}


def profile_out(profile: Profile) -> OneProfile:
    """The wire shape of a profile. A date of birth is told as the midnight it begins with."""
    born = profile.dob and milliseconds(datetime.combine(profile.dob, time(), UTC))
    return OneProfile(
        profile.id,
        profile.email,
        profile.first_name,
        profile.last_name,
        profile.phone,
        born,
        profile.gender,
        profile.address,
        profile.address2,
        profile.city,
        profile.state,
        profile.country,
        profile.postal_code,
        profile.allergies,
        profile.health_conditions,
        profile.current_medications,
        milliseconds(profile.created_at),
    )


def user_out(user: User | Profile, *, is_active: bool = True) -> OneUser:
    """The wire shape of a patient's account."""
    return OneUser(
        user.id,
        user.email,
        user.first_name,
        user.last_name,
        user.phone,
        "USER",
        is_active,
        milliseconds(user.created_at),
    )


def users_out(page: PatientPage) -> Users:
    """The wire shape of a page."""
    users = [user_out(user, is_active=is_open) for user, is_open in page.patients]
    return Users(users, PageInfo(page.next_after, page.next_after is not None))
