"""The last act of receiving: files, case and audit in one transaction, and certainty about whether
it was committed. It never tells anybody of a file that is not kept.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.blobs.seals import record_seals
from casekeep.blobs.store import BlobStore, StoreUnavailable
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.files import queries, queries_receiving
from casekeep.files.arriving import too_large
from casekeep.files.model import SizeLimits, StoredFile
from casekeep.files.queries_receiving import Keeping, Placed
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock
from casekeep.webhooks.announcing import announce_files
from casekeep.webhooks.model import WebhookEvent

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What receiving works with. `receiver`: the number of the process, held by a lock."""

    db: Database
    blobs: BlobStore
    audit: AuditLog
    limits: SizeLimits
    receiver: int
    clock: Clock


async def keep_files(
    tx: Tx, parts: Parts, actor: Actor, keeping: Keeping, files: Sequence[Placed]
) -> tuple[StoredFile, ...]:
    """Make received files stored ones, in the order they were received, and record each.

    Raises FileTooLarge for one over its category's limit, and StoreUnavailable when one was swept
    because this process lost its receiver number meanwhile.
    """
    for file in files:
        limit = parts.limits.of(file.category)
        if file.received.size > limit:
            raise too_large(file.received.name, limit)
    if await queries_receiving.keep(tx, keeping, files) != len(files):
        raise StoreUnavailable("a file was given up while it arrived")
    await record_seals(tx, {file.received.id: file.received.seal for file in files})
    events = [
        Event(Action.FILE_RECEIVED, case_id=keeping.case_id, file_id=file.received.id)
        for file in files
    ]
    await parts.audit.record(tx, who(actor), *events)
    if keeping.case_id is not None:
        added = [file.received.id for file in files]
        await announce_files(tx, WebhookEvent.FILE_ADDED, keeping.case_id, added)
    return await queries.find_by_ids(tx, [file.received.id for file in files])


async def commit(
    parts: Parts,
    actor: Actor,
    asked: Event,
    work: Callable[[Tx], Awaitable[T]],
    is_kept: Callable[[Tx, T], Awaitable[bool]],
) -> T:
    """Do `work` in one transaction; a refusal is recorded as `asked`.

    When the connection is lost at the commit, what became of it is found out before anybody is
    told. `is_kept`: asks whether the result of `work` stands; it must wait for a commit that is
    still under way.
    """
    done: list[T] = []
    try:
        async with (
            recording_refusal(parts.audit, actor, asked),
            parts.db.transaction(actor.organization_id) as tx,
        ):
            done.append(await work(tx))
    except Exception:
        if not done:
            raise
        async with parts.db.transaction(actor.organization_id) as tx:
            kept = await is_kept(tx, done[0])
        if not kept:
            raise
    return done[0]


async def are_stored(tx: Tx, files: Sequence[StoredFile]) -> bool:
    """Whether these files, some at least, were kept; their row locks make the question wait."""
    file_ids = {file.id for file in files}
    return bool(file_ids) and await queries_receiving.stored_among(tx, [*file_ids]) == file_ids
