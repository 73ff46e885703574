"""What a backup is: a manifest, which names every part and blob with its digest. A backup without
its manifest is none.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from casekeep.blobs.store import BlobKey
from casekeep.kernel.ids import FileId, OrganizationId

FORMAT = 1
"""Of the manifest and all that it names; a reader refuses what is newer."""


class BackupNotPossible(Exception):
    """A backup that cannot be taken, read or restored; the text says why and what to do."""


class BackupDamaged(BackupNotPossible):
    """A part of a backup that is not what its manifest says."""


class Gone(StrEnum):
    """Why a backup names a file without its bytes."""

    PURGED = "purged"
    MISSING = "missing"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A compressed part of a backup: its path from the backup's folder, its size in bytes and the
    SHA-256 of those bytes, in hex.
    """

    path: str
    size: int
    sha256: str


class TablePart(Part, frozen=True, kw_only=True):
    """All rows of one table."""

    table: str
    columns: tuple[str, ...]
    rows: int


class BlobsPart(Part, frozen=True, kw_only=True):
    """The list of all blobs: how many, their bytes together, and how many of those that the
    database names were purged while the backup was taken, or were missing.
    """

    count: int
    bytes: int
    purged: int
    missing: int


class SequencePart(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sequence of the database stands."""

    name: str
    value: int
    is_called: bool


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A whole backup. `taken_at`: the moment of which the database is; `casekeep`: the version that
    wrote it; `migrations`: what made the schema.
    """

    format: int
    casekeep: str
    taken_at: datetime
    ended_at: datetime
    migrations: tuple[str, ...]
    organizations: int
    tables: tuple[TablePart, ...]
    sequences: tuple[SequencePart, ...]
    blobs: BlobsPart


class BlobEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One blob of a backup: raw bytes as they lay in the store, their number and SHA-256 in hex; or
    why there are none.
    """

    organization: UUID
    file: UUID
    size: int = 0
    sha256: str = ""
    gone: Gone | None = None

    @property
    def key(self) -> BlobKey:
        """Where the blob is in the house."""
        return BlobKey(OrganizationId(self.organization), FileId(self.file))
