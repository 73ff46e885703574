"""What a check of stored bytes can find, as frozen data. None of it says a file's name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from casekeep.audit.log import AuditLog
from casekeep.blobs.store import BlobStore
from casekeep.db.database import Database
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.ids import FileId, OrganizationId

MOST_TOLD = 1000
"""Findings that one report lists; it counts all."""


class Damage(StrEnum):
    """What is wrong with the bytes of a file."""

    MISSING = "missing"
    TRUNCATED = "truncated"
    ALTERED = "altered"
    UNREADABLE = "unreadable"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the row of a stored file says of its bytes: `size` of them, and their SHA-256."""

    id: FileId
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of one file; None: nothing wrong, as far as was looked."""

    file_id: FileId
    damage: Damage | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Damage that was found, and whether it is so still. `first_seen_at`: since when, this time."""

    id: UUID
    file_id: FileId
    damage: Damage
    first_seen_at: datetime
    last_seen_at: datetime
    mended_at: datetime | None


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """Findings, the newest first. `after`: the last one's id if there are more, else None."""

    findings: tuple[Finding, ...]
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Found:
    """One line of a report. `repaired`: it was so, and is no more."""

    organization_id: OrganizationId
    file_id: FileId
    damage: Damage
    repaired: bool


@dataclass(slots=True)
class Report:
    """What one check has found so far: how much was looked at, how many of each kind are damaged
    still, and the first findings one by one.
    """

    files: int = 0
    bytes: int = 0
    repaired: int = 0
    damaged: dict[Damage, int] = field(default_factory=lambda: dict.fromkeys(Damage, 0))
    found: list[Found] = field(default_factory=list[Found])

    @property
    def is_clean(self) -> bool:
        """Whether nothing is damaged any more."""
        return not any(self.damaged.values())

    def add(self, found: Found) -> None:
        """Count a finding, and list it while there is room."""
        if found.repaired:
            self.repaired += 1
        else:
            self.damaged[found.damage] += 1
        if len(self.found) < MOST_TOLD:
            self.found.append(found)


Watching = Callable[[Report], None]
"""Told of a report that has grown."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check works with. `blobs` gives content, opened if it is kept sealed."""

    db: Database
    blobs: BlobStore
    audit: AuditLog
    clock: Clock = utc_now
