"""What the patient's calls of the portal contract answer with, as frozen data."""

from datetime import date, datetime
from typing import Annotated, Literal, TypedDict
from uuid import UUID

import msgspec

Time = Annotated[datetime, msgspec.Meta(tz=True)]
Kind = Literal["phi", "general"]
Gender = Literal["MALE", "FEMALE", "OTHER"]


class ProfileChanges(TypedDict, total=False):
    """What a patient may change: what is left out stays, and None clears."""

    first_name: str
    last_name: str
    phone_number: str
    dob: date
    gender: Gender
    address: str | None
    address2: str | None
    city: str | None
    state: str | None
    country: str | None
    postal_code: str | None
    allergies: str | None
    health_conditions: str | None
    current_medications: str | None


class Uploader(msgspec.Struct, frozen=True, rename="camel"):
    """Who added a file."""

    id: UUID
    first_name: str | None
    last_name: str | None


class PatientFile(msgspec.Struct, frozen=True, rename="camel"):
    """A file of one of the patient's cases."""

    id: UUID
    file_name: str
    is_phi: bool = msgspec.field(name="isPHI")
    is_restricted: bool
    case_id: UUID | None
    uploaded_by: Uploader | None
    created_at: Time


class ReceivedFile(msgspec.Struct, frozen=True, rename="camel"):
    """A file that was uploaded just now; without a case it is a general document."""

    id: UUID
    file_name: str
    is_phi: bool = msgspec.field(name="isPHI")
    is_restricted: bool
    case_id: UUID | None
    created_at: Time


class Link(msgspec.Struct, frozen=True, rename="camel"):
    """A URL that gives the bytes of one file to whoever has it. `expires_in`: seconds."""

    download_url: str
    file_name: str
    expires_in: int

    def __repr__(self) -> str:
        return f"Link(file_name={self.file_name!r}, expires_in={self.expires_in})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("file_name", self.file_name), ("expires_in", self.expires_in)]


class Profile(msgspec.Struct, frozen=True, rename="camel"):
    """What a patient's account says of them; None where unknown."""

    id: UUID
    email: str | None
    first_name: str | None
    last_name: str | None
    phone_number: str | None
    dob: Time | None
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
    created_at: Time


class Pair(msgspec.Struct, frozen=True, rename="camel"):
    """New tokens, on the wire: never to be shown."""

    access_token: str
    refresh_token: str
    expires_in: int


class PairAnswer(msgspec.Struct, frozen=True):
    """New tokens, in the envelope."""

    data: Pair


class PageInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Where the next page begins."""

    end_cursor: str | None
    has_next_page: bool


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """A page of files."""

    files: list[PatientFile]
    page_info: PageInfo


class PageAnswer(msgspec.Struct, frozen=True):
    """A page of files, in the envelope."""

    data: Page


class FileAnswer(msgspec.Struct, frozen=True):
    """A file, in the envelope."""

    data: PatientFile


class ReceivedAnswer(msgspec.Struct, frozen=True):
    """An uploaded file, in the envelope."""

    data: ReceivedFile


class LinkAnswer(msgspec.Struct, frozen=True):
    """A link, in the envelope."""

    data: Link


class ProfileData(msgspec.Struct, frozen=True):
    """A profile, under its name."""

    profile: Profile


class ProfileAnswer(msgspec.Struct, frozen=True):
    """A profile, in the envelope."""

    data: ProfileData


FileRef = PatientFile | ReceivedFile | UUID
"""A file, or its id."""


def file_id_of(file: FileRef) -> str:
    """How a file stands in a path."""
    return str(file if isinstance(file, UUID) else file.id)
