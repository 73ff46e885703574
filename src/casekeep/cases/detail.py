"""A case as a partner's software is told of it, with its people and what was said in it, as it
leaves the room: frozen data.
"""

from dataclasses import dataclass
from datetime import datetime

from casekeep.identity.model import Role
from casekeep.kernel.ids import CaseId, CaseNumber, CommunicationId, OrganizationId, UserId


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a case, with their account."""

    id: UserId
    role: Role
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case and its two people. `title`: its form's; `stage`: the portal contract's status."""

    id: CaseId
    organization_id: OrganizationId
    number: CaseNumber
    title: str | None
    stage: str
    is_archived: bool
    created_at: datetime
    updated_at: datetime
    patient: Person | None
    clinician: Person | None


@dataclass(frozen=True, slots=True)
class Window:
    """Which cases are wanted: those opened from `start` until before `end`, newest first; `stages`:
    only in one of these, or in any; `after`: only beyond this one; `limit`: at most so many.
    """

    start: datetime
    end: datetime
    stages: frozenset[str]
    limit: int
    after: CaseId | None


@dataclass(frozen=True, slots=True)
class Author:
    """Who said something; `id`: if the address is that of a user of the organisation."""

    id: UserId | None
    email: str
    first_name: str | None
    last_name: str | None


@dataclass(frozen=True, slots=True)
class Communication:
    """Something that was said in a case. `is_restricted`: a mark for whoever shows it."""

    id: CommunicationId
    case_id: CaseId
    text: str
    is_restricted: bool
    author: Author
    created_at: datetime
