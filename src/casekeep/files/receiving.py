"""Receives files in three acts: a row that says bytes are coming; the bytes, with no transaction
open; then row, case and audit in one commit. Whatever is not kept in the end is discarded.
"""

from collections.abc import AsyncGenerator, Set
from contextlib import asynccontextmanager

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.blobs.store import BlobStore
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database
from casekeep.files.batch import Batch
from casekeep.files.content import CLINICAL_TYPES
from casekeep.files.discarding import Discards
from casekeep.files.keeping import Parts
from casekeep.files.model import SizeLimits
from casekeep.files.quotas import NO_QUOTAS, Quotas
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Clinician, Operator, Partner, Patient
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import DigestMismatch, RoleNotAllowed


class Receiving:
    """The way in for every file."""

    def __init__(  # noqa: PLR0917 - the parts of the house, in the order it is built
        self,
        db: Database,
        blobs: BlobStore,
        audit: AuditLog,
        limits: SizeLimits,
        receiver: int,
        clock: Clock = utc_now,
        quotas: Quotas = NO_QUOTAS,
    ) -> None:
        """`receiver`: the number of `sweeping.claim_receiver`, held while this process lives."""
        self.limits = limits
        self._parts = Parts(db, blobs, audit, limits, receiver, clock, quotas)
        self._discards = Discards(db, blobs)

    @asynccontextmanager
    async def batch(
        self,
        actor: Actor,
        accepted: Set[str] = CLINICAL_TYPES,
        *,
        act: Action = Action.FILE_RECEIVED,
    ) -> AsyncGenerator[Batch, None]:
        """A batch of files of the media types `accepted`. What is received in it and not kept is
        gone, row and bytes, when the context is left, however it is left.

        Raises RoleNotAllowed for an actor who may add no files at all; that is recorded as `act`,
        which is what the batch is for, as is that bytes are not those of their digest.
        """
        async with recording_refusal(self._parts.audit, actor, Event(act)):
            if not isinstance(actor, Clinician | Patient | Partner | Operator):
                raise RoleNotAllowed
        batch = Batch(self._parts, actor, accepted)
        try:
            yield batch
        except DigestMismatch:
            await self._parts.audit.record_refusal(who(actor), Event(act))
            raise
        finally:
            if batch.unkept:
                await self._discards.discard(actor.organization_id, batch.unkept)

    async def close(self) -> None:
        """Wait a few seconds for what is being discarded."""
        await self._discards.close()
