"""What work on uploads is done with, and the grip that one act has on an upload while it lasts: a
row names the act and its process, so that the grip ends with the process.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from casekeep.audit.log import AuditLog
from casekeep.blobs.seals import destroy_seals
from casekeep.blobs.store import BlobKey, BlobStore
from casekeep.db.database import Database, Tx
from casekeep.files.model import SizeLimits
from casekeep.files.receiving import Receiving
from casekeep.files.uploads import queries
from casekeep.files.uploads.model import State, Upload, UploadLimits
from casekeep.identity.actors import acting_user
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, Steadiness, utc_now
from casekeep.kernel.errors import UploadBusy, UploadGone, UploadNotKnown
from casekeep.kernel.ids import FileId, OrganizationId, UploadId, new_id

log = structlog.get_logger()

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Kit:
    """The parts of the house, and the grips of this process. `receiving`: for files of the size
    that an upload may have; `receiver`: the number of the process, held by a lock;
    `steadiness`: of the clock by which what is out of time is given up.
    """

    db: Database
    blobs: BlobStore
    audit: AuditLog
    receiving: Receiving
    limits: UploadLimits
    receiver: int
    clock: Clock = utc_now
    grips: set[UUID] = field(default_factory=set[UUID])
    steadiness: Steadiness = field(default_factory=Steadiness)


def open_uploads(  # noqa: PLR0917 - the parts of the house, in the order it is built
    db: Database,
    blobs: BlobStore,
    audit: AuditLog,
    limits: UploadLimits,
    receiver: int,
    clock: Clock = utc_now,
) -> Kit:
    """The kit of a process. What it receives, a lab file too, may be as large as an upload may."""
    sizes = SizeLimits(lab=limits.size, radiology=limits.size)
    receiving = Receiving(db, blobs, audit, sizes, receiver, clock, limits.quotas)
    return Kit(db, blobs, audit, receiving, limits, receiver, clock)


async def own_upload(
    tx: Tx, kit: Kit, actor: Actor, upload_id: UploadId, *, lock: bool = False
) -> Upload:
    """The actor's own upload, whatever became of it, as long as it is remembered.

    Raises UploadNotKnown, and UploadGone for one that was given up or is out of time.
    """
    user_id = acting_user(actor)
    upload = None if user_id is None else await queries.find(tx, upload_id, user_id, lock=lock)
    if upload is None:
        raise UploadNotKnown
    out_of_time = upload.state is State.RECEIVING and upload.expires_at < kit.clock()
    if upload.state is State.ENDED or out_of_time:
        raise UploadGone
    return upload


@asynccontextmanager
async def gripping(kit: Kit) -> AsyncGenerator["Grip", None]:
    """A grip that has nothing yet; it lets go at the end of what it took."""
    grip = Grip(kit, new_id())
    kit.grips.add(grip.id)  # before the row says so, or another request would take it for lost
    try:
        yield grip
    finally:
        try:
            await grip.let_go()
        finally:
            kit.grips.discard(grip.id)


class Grip:
    """One act's grip on at most one upload. `id` names the act, and the part that it may bring."""

    def __init__(self, kit: Kit, grip_id: UUID) -> None:
        self.id = grip_id
        self._kit = kit
        self._gripped: tuple[OrganizationId, UploadId] | None = None

    async def take(self, tx: Tx, upload_id: UploadId) -> None:
        """Take the upload in hand, if `tx` commits. Raises UploadBusy if another act has it."""
        self._gripped = (tx.organization_id, upload_id)
        others = self._kit.grips - {self.id}
        if not await queries.take(tx, upload_id, self.id, self._kit.receiver, others):
            self._gripped = None
            raise UploadBusy

    async def let_go(self) -> None:
        """Let go, if need be. If the database does not let it happen now, the sweeper will."""
        if self._gripped is None:
            return
        organization_id, upload_id = self._gripped
        self._gripped = None
        try:
            async with self._kit.db.transaction(organization_id) as tx:
                await queries.let_go(tx, upload_id, self.id)
        except Exception as error:  # noqa: BLE001 - what the act itself came to is what counts
            log.warning("upload.grip_left", cause=type(error).__name__)


async def clear_left_over(kit: Kit, organization_id: OrganizationId) -> int:
    """Remove the bytes, and then the rows, of parts that are of no use any more; how many. Bytes
    that the store does not let go of keep their row.
    """
    count, left = 0, set[FileId]()
    while True:
        async with kit.db.transaction(organization_id) as tx:
            found = await queries.left_over(tx, _AT_ONCE, left)
            await destroy_seals(tx, found)
        if not found:
            return count
        gone = await _deleted(kit, organization_id, found)
        left |= set(found) - set(gone)
        async with kit.db.transaction(organization_id) as tx:
            await queries.delete_parts(tx, gone)
        count += len(gone)


async def try_to_clear(kit: Kit, organization_id: OrganizationId) -> None:
    """The same, after an act whose outcome does not depend on it; the sweeper does the rest."""
    try:
        await clear_left_over(kit, organization_id)
    except Exception as error:  # noqa: BLE001 - whatever it was, the rows say what is left to do
        log.warning("upload.clearing_postponed", cause=type(error).__name__)


async def _deleted(
    kit: Kit, organization_id: OrganizationId, part_ids: Sequence[FileId]
) -> list[FileId]:
    gone: list[FileId] = []
    for part_id in part_ids:
        try:
            await kit.blobs.delete(BlobKey(organization_id, part_id))
        except Exception as error:  # noqa: BLE001 - whatever it was, the row says what is left to do
            log.warning("upload.bytes_left", part_id=str(part_id), cause=type(error).__name__)
        else:
            gone.append(part_id)
    return gone
