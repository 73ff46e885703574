"""How long things are kept, and what was destroyed, as it leaves the room: frozen data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from casekeep.files.model import Category
from casekeep.kernel.ids import CaseId, FileId, UserId

LONGEST_DAYS = 36_500
"""The most days that a schedule or the trash may name: a hundred years."""


class Reason(StrEnum):
    """Why a file was destroyed."""

    TRASH = "trash"
    """Somebody removed it, or its case, and its time in the trash was over."""
    RETENTION = "retention"
    """Its schedule removed it, and its time in the trash was over."""
    COMMAND = "command"
    """An operator had it destroyed before its time in the trash was over."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long files of a category are kept, in days since each was received; None: nothing said.

    `keep_at_least_days`: none is purged before; `remove_after_days`: each is removed then.
    """

    category: Category
    keep_at_least_days: int | None = None
    remove_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How long an organisation keeps things. `trash_days`: its own word for how long what was
    removed may be brought back, or None where the deployment's holds; `schedules`: one for each
    category.
    """

    trash_days: int | None
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True)
class Destruction:
    """What is known of a file whose key was destroyed. `size` in bytes; `sha256` of the content, 32
    bytes; `removed_by`: None for the operator, a partner or a schedule; `key_destroyed_at`: None
    for a file that was never sealed.
    """

    file_id: FileId
    case_id: CaseId | None
    size: int
    sha256: bytes
    received_at: datetime
    removed_at: datetime
    removed_by: UserId | None
    reason: Reason
    purged_at: datetime
    key_destroyed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DestructionPage:
    """Some of what was destroyed; there is more behind `after`, unless it is None."""

    destructions: tuple[Destruction, ...]
    after: FileId | None


@dataclass(frozen=True, slots=True)
class Due:
    """What would be purged now, or was: cases, files (those of the cases too), and the bytes of the
    files; `removed`: files that their schedule moves to the trash, where they stay for now.
    """

    removed: int = 0
    cases: int = 0
    files: int = 0
    size: int = 0

    def __add__(self, other: "Due") -> "Due":
        """Both together."""
        return Due(
            self.removed + other.removed,
            self.cases + other.cases,
            self.files + other.files,
            self.size + other.size,
        )


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did. `left`: files whose bytes a store did not let go of; they are tried again.

    `due.files` counts those whose key was destroyed, `finished` those of which nothing is left,
    begun now or before.
    """

    due: Due
    finished: int
    left: int
