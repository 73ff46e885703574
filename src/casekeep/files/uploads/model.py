"""An upload that arrives in parts, as it leaves the room, and what its sender says of it: frozen
data, never bytes.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from casekeep.blobs.store import Seal
from casekeep.files.model import Category
from casekeep.files.quotas import ANY, NO_QUOTAS, Allowed, Quotas
from casekeep.identity.model import Role
from casekeep.kernel.ids import CaseId, CaseRef, FileId, OrganizationId, UploadId, UserId

DIGESTS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
"""By what a part may be digested, as tus names it; against accidents, so the first one will do."""

_A_DAY = timedelta(hours=24)


class State(StrEnum):
    """How far an upload is."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    FINISHED = "finished"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """`size`: the most bytes of one upload. `life`: how long it is kept after its last part.
    `user`, `organization`: the most unfinished ones. `quotas`: the most that may be kept.
    """

    size: int
    life: timedelta = _A_DAY
    user: Allowed = ANY
    organization: Allowed = ANY
    quotas: Quotas = NO_QUOTAS


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What is said of an upload when it begins. `case`: None for a patient's general document.
    `length`: in bytes, None while it is not known. `metadata`: what is told back, as it was said.
    """

    name: str
    declared_type: str | None
    case: CaseRef | None
    category: Category
    is_phi: bool
    is_restricted: bool
    length: int | None
    metadata: str


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload. `length` and `received` in bytes; `file_id`: of the file that was made of it;
    `grip`: the act that had it in hand.
    """

    id: UploadId
    organization_id: OrganizationId
    user_id: UserId
    role: Role
    case_id: CaseId | None
    name: str
    declared_type: str | None
    category: Category
    is_phi: bool
    is_restricted: bool
    metadata: str
    length: int | None
    received: int
    parts: int
    state: State
    grip: UUID | None
    file_id: FileId | None
    expires_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether no byte can come any more."""
        return self.state in {State.FINISHED, State.ENDED}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an upload whose bytes are durable: a blob of its own. `size` in bytes; `sha256`
    of them, 32 bytes; `seal`: how it is opened, of one that is new.
    """

    id: FileId
    size: int
    sha256: bytes
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a sender digested the bytes of one request to. `algorithm`: a key of DIGESTS."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """The bytes of one request. `offset`: where in the upload they belong; `size`: how many they
    are, where their sender says so; `length`: of the upload, where it is said only now.
    """

    offset: int
    body: AsyncIterator[bytes]
    size: int | None = None
    length: int | None = None
    checksum: Checksum | None = None
