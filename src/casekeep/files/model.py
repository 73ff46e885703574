"""A file as it leaves the room: frozen data, never a row and never bytes. What lists are made of
is msgspec structs, because those are made in a twentieth of a dataclass's time.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from casekeep.blobs.store import Seal
from casekeep.cases.model import Case, CaseFacts
from casekeep.kernel.ids import (
    AnswerId,
    CaseId,
    CaseNumber,
    CaseRef,
    CommunicationId,
    FileId,
    OrganizationId,
    UserId,
)


class Category(StrEnum):
    """The clinician's word for what a file belongs to."""

    LAB = "lab"
    RADIOLOGY = "radiology"


class Uploader(msgspec.Struct, frozen=True):
    """Who added a file."""

    id: UserId
    first_name: str | None
    last_name: str | None


class StoredFile(msgspec.Struct, frozen=True):
    """A file that was acknowledged: its bytes are on disk.

    `name` is the label (never a path); `url_path` is the clinician contract's `file_url`, given
    once; `size` in bytes; `sha256` of the content, 32 bytes; `media_type` is what the content is.
    """

    id: FileId
    organization_id: OrganizationId
    case_id: CaseId | None
    case_number: CaseNumber | None
    patient_id: UserId | None
    name: str
    url_path: str
    media_type: str
    size: int
    sha256: bytes
    category: Category
    is_phi: bool
    is_restricted: bool
    uploaded_by: Uploader | None
    created_at: datetime


class FileFacts(msgspec.Struct, frozen=True):
    """What the decision about a file needs, and no more. `case`: None for a general document;
    `hides_restricted`: the organisation hides restricted files from patients; `of_own_patient`:
    whoever asks is the clinician of a live case of the file's patient, which is only looked up for
    a general document.
    """

    organization_id: OrganizationId
    case: CaseFacts | None
    uploaded_by: UserId | None
    is_restricted: bool
    hides_restricted: bool
    deleted: bool
    of_own_patient: bool = False


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of a case, with the facts that decide who may see it, removed or not, and what it came
    with: the answer to a question, a communication, or neither.
    """

    file: StoredFile
    facts: FileFacts
    answer_id: AnswerId | None
    communication_id: CommunicationId | None


@dataclass(frozen=True, slots=True)
class Marks:
    """What is said of a file when it is kept, and what it came with, if with anything."""

    is_phi: bool
    is_restricted: bool = False
    answer_id: AnswerId | None = None
    communication_id: CommunicationId | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A file whose bytes have arrived and are durable, but which is not kept yet.

    `size` in bytes; `sha256` of the content, 32 bytes; `category` and `marks`: None while they are
    not said of this very file. `seal`: what opens the bytes, to be recorded when it is kept.
    """

    id: FileId
    name: str
    media_type: str
    size: int
    sha256: bytes
    category: Category | None
    marks: Marks | None = None
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class FileChange:
    """What is to become different about a file; None leaves a thing as it is. `case`: the case that
    it moves to.
    """

    name: str | None = None
    category: Category | None = None
    is_phi: bool | None = None
    is_restricted: bool | None = None
    case: CaseRef | None = None


@dataclass(frozen=True, slots=True)
class Trash:
    """What was removed and may be brought back, the newest removal first."""

    cases: tuple[Case, ...]
    files: tuple[StoredFile, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One keyset page of files, newest first; `next_after` is the cursor of the following one."""

    files: tuple[StoredFile, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """The most bytes that one file may have, by category."""

    lab: int
    radiology: int

    @property
    def largest(self) -> int:
        """The most that any file may have, in bytes, while its category is not known."""
        return max(self.lab, self.radiology)

    def of(self, category: Category) -> int:
        """The limit of `category`, in bytes."""
        return self.radiology if category is Category.RADIOLOGY else self.lab
