"""Destroys what was removed long enough ago: key and name first, in the transaction that records
it, then the bytes, and then it signs the proof. A step that is cut off is taken up again by the
next round; what is under a hold, or is to be kept longer, is never touched.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, product
from uuid import UUID

import structlog

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.blobs.store import BlobKey, BlobStore
from casekeep.cases.queries_holds import wait_for_holds
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Operator
from casekeep.kernel.clock import Clock, Steadiness
from casekeep.kernel.ids import CaseId, FileId, OrganizationId
from casekeep.retention import queries, queries_due, queries_purging
from casekeep.retention.certificates import Certificates
from casekeep.retention.model import Due, Purged, Reason

log = structlog.get_logger()

DestroyKeys = Callable[[Tx, Sequence[FileId]], Awaitable[Sequence[UUID]]]
"""Destroys the keys of these blobs, in the transaction; which of them had one."""

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Purging:
    """What purging works with. `stores`: every place that may hold a file's bytes, replicas too;
    `trash_days`: how long the trash keeps things where an organisation says nothing;
    `steadiness`: of the clock that rounds go by.
    """

    db: Database
    audit: AuditLog
    stores: Sequence[BlobStore]
    destroy_keys: DestroyKeys
    certificates: Certificates
    trash_days: int
    clock: Clock
    steadiness: Steadiness = field(default_factory=Steadiness)


async def purge(
    parts: Purging, organization_id: OrganizationId, told: Callable[[int], None] | None = None
) -> Purged:
    """Destroy everything of an organisation that is due, and finish what was begun before. `told`:
    called with how many files were finished since the last time.
    """
    done = Due()
    for begin in (_begin_files, _begin_case):
        while (begun := await begin(parts, organization_id)) != Due():
            done += begun
    finished, left = await finish_purging(parts, organization_id, told)
    return Purged(done, finished, left)


async def what_is_due(parts: Purging, organization_id: OrganizationId) -> Due:
    """What a purge would destroy now, and a schedule remove."""
    async with parts.db.transaction(organization_id) as tx:
        return await queries_due.count_due(tx, parts.clock(), parts.trash_days)


async def finish_purging(
    parts: Purging, organization_id: OrganizationId, told: Callable[[int], None] | None = None
) -> tuple[int, int]:
    """Destroy the bytes of all files whose key is destroyed; how many were finished, and how many
    are left because a store did not let go of them. Doing it at two places at once is harmless.
    """
    finished, left = 0, set[FileId]()
    while True:
        async with parts.db.transaction(organization_id) as tx:
            file_ids = await queries_purging.purging(tx, left, _AT_ONCE)
            pieces = await queries_purging.parts_of(tx, file_ids)
        if not file_ids:
            return finished, len(left)
        gone = [
            each
            for each in file_ids
            if await _are_deleted(parts, organization_id, [each, *pieces.get(each, ())])
        ]
        left |= {*file_ids} - {*gone}
        finished += await _certify(parts, organization_id, gone)
        if told is not None:
            told(len(gone))


async def begin(
    tx: Tx, parts: Purging, file_ids: Sequence[FileId], reason: Reason | None = None
) -> Due:
    """Take removed files out of the trash for good, within the transaction that found them free:
    their keys are destroyed and what they were is forgotten, but for the proof.
    """
    now = parts.clock()
    pieces = await queries_purging.parts_of(tx, file_ids)
    without_key = await parts.destroy_keys(tx, [*file_ids, *chain(*pieces.values())])
    await queries_purging.forget_uploads(tx, file_ids)
    noted = await queries_purging.begin_purging(tx, file_ids, reason, now, without_key=without_key)
    events = [
        Event(
            Action.FILE_PURGED,
            case_id=each.case_id,
            file_id=each.file_id,
            details={"reason": each.reason},
        )
        for each in noted
    ]
    await parts.audit.record(tx, who(Operator(tx.organization_id)), *events)
    return Due(files=len(noted), size=sum(each.size for each in noted))


async def begin_case(tx: Tx, parts: Purging, case_id: CaseId, reason: Reason | None = None) -> Due:
    """The same for a removed case, with all its files and what is said in it."""
    file_ids = await queries_purging.remove_with_case(tx, case_id)
    begun = await begin(tx, parts, file_ids, reason)
    await queries_purging.forget_case(tx, case_id, parts.clock())
    purged = Event(Action.CASE_PURGED, case_id=case_id)
    await parts.audit.record(tx, who(Operator(tx.organization_id)), purged)
    return begun + Due(cases=1)


async def _begin_files(parts: Purging, organization_id: OrganizationId) -> Due:
    async with parts.db.transaction(organization_id) as tx:
        await wait_for_holds(tx)
        found = await queries_due.due_files(tx, parts.clock(), parts.trash_days, _AT_ONCE)
        return await begin(tx, parts, found) if found else Due()


async def _begin_case(parts: Purging, organization_id: OrganizationId) -> Due:
    async with parts.db.transaction(organization_id) as tx:
        await wait_for_holds(tx)
        found = await queries_due.due_case(tx, parts.clock(), parts.trash_days)
        return Due() if found is None else await begin_case(tx, parts, found)


async def _are_deleted(
    parts: Purging, organization_id: OrganizationId, blob_ids: Sequence[FileId]
) -> bool:
    """Whether no store holds the bytes of a file any more, which is the first of these blobs; the
    others are the parts that it came in.
    """
    try:
        for store, blob_id in product(parts.stores, blob_ids):
            await store.delete(BlobKey(organization_id, blob_id))
    except Exception as error:  # noqa: BLE001 - whatever it was, the row says what is left to do
        log.warning("purge_postponed", file_id=str(blob_ids[0]), cause=type(error).__name__)
        return False
    return True


async def _certify(
    parts: Purging, organization_id: OrganizationId, file_ids: Sequence[FileId]
) -> int:
    """Sign what is true now, and keep it; for how many, since another process may have done so."""
    async with parts.db.transaction(organization_id) as tx:
        now = parts.clock()
        whose = (organization_id, await queries.organization_name(tx))
        found = await queries_purging.unfinished(tx, file_ids)
        signed = [parts.certificates.certify(whose, each, now) for each in found]
        if signed:
            await queries.use_certificate_key(tx, parts.certificates.public_key)
        await queries_purging.finish(tx, [each.file_id for each in found], signed, now)
    return len(found)
