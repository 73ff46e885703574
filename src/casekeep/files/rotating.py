"""Rotates the keys that files are sealed under. Only how keys are wrapped changes: no byte of any
file is read or written, and what is under way goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.blobs import queries
from casekeep.blobs.deployment_keys import DeploymentKeys
from casekeep.blobs.organization_keys import (
    OrganizationKey,
    new_organization_key,
    open_key,
    wrapped_by,
)
from casekeep.blobs.queries import KeyUse
from casekeep.blobs.store import BlobKey, Seal
from casekeep.db.database import Database, Tx
from casekeep.db.organizations import organization_ids
from casekeep.identity.actors import who
from casekeep.identity.model import Operator
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.ids import FileId, OrganizationId, OrganizationKeyId

_AT_ONCE = 500
_KEPT = timedelta(days=1)
"""How long a retired key stays although it opens nothing: an upload may still be sealed by it."""

Progress = Callable[[int, int], None]
"""Is told how many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. `is_new`: whether a new key was made; else an earlier rotation, which
    something had ended half-way, was finished. `rewrapped`: how many keys are wrapped anew;
    `destroyed`: how many that were retired long ago, and open nothing, are gone for good.
    """

    is_new: bool
    rewrapped: int
    destroyed: int = 0


def _quietly(_done: int, _total: int) -> None:
    pass


async def show_keys(db: Database, organization_id: OrganizationId) -> list[KeyUse]:
    """The keys of an organisation, the oldest first, and how many files each opens."""
    async with db.transaction(organization_id) as tx:
        return await queries.key_uses(tx)


async def rewrap_organization_keys(
    db: Database, audit: AuditLog, deployment: DeploymentKeys, progress: Progress = _quietly
) -> int:
    """Wrap every organisation's keys by the deployment's current key; how many were wrapped by
    another one. Ended half-way, it goes on where it was. Raises DeploymentKeyUnknown, KeyNotOpened.
    """
    count, organizations = 0, await organization_ids(db)
    for done, organization_id in enumerate(organizations, start=1):
        async with db.transaction(organization_id) as tx:
            count += await _rewrap_keys(tx, audit, deployment)
        progress(done, len(organizations))
    return count


async def rotate_organization_key(
    db: Database,
    audit: AuditLog,
    deployment: DeploymentKeys,
    organization_id: OrganizationId,
    *,
    progress: Progress = _quietly,
    clock: Clock = utc_now,
) -> Rotated:
    """Give an organisation a new key, and wrap the data keys of all its files by it; if an earlier
    rotation was ended half-way, finish that instead. Keys that were retired a day ago and open
    nothing any more are destroyed.

    Raises DeploymentKeyUnknown, KeyNotOpened.
    """
    async with db.transaction(organization_id) as tx:
        is_new = not await queries.count_seals_of_retired(tx)
        if is_new:
            await _replace_key(tx, audit, deployment, clock)
        total = await queries.count_seals_of_retired(tx)
        wrapped, current = await queries.all_keys(tx), await queries.current_key(tx)
    keys = {each.id: open_key(deployment, organization_id, each) for each in wrapped}
    rewrapped = 0
    while current is not None:
        async with db.transaction(organization_id) as tx:
            if await queries.current_key(tx) != current:
                break  # another rotation has begun, and takes these along
            count = await _rewrap_some(tx, keys, keys[current.id])
        if not count:
            break
        rewrapped += count
        progress(rewrapped, max(rewrapped, total))
    async with db.transaction(organization_id) as tx:
        destroyed = await queries.delete_unused(tx, clock() - _KEPT)
    return Rotated(is_new, rewrapped, destroyed)


async def _replace_key(tx: Tx, audit: AuditLog, deployment: DeploymentKeys, clock: Clock) -> None:
    """Retire the current key for a new one, unless somebody else is doing that."""
    new = new_organization_key()
    await queries.retire_current(tx, clock())
    wrapped = wrapped_by(deployment.current, tx.organization_id, new)
    if await queries.insert_key(tx, wrapped):
        rotated = Event(Action.KEYS_ROTATED, subject_id=new.id)
        await audit.record(tx, who(Operator(tx.organization_id)), rotated)


async def _rewrap_keys(tx: Tx, audit: AuditLog, deployment: DeploymentKeys) -> int:
    outer, organization_id = deployment.current, tx.organization_id
    wrapped = await queries.keys_wrapped_otherwise(tx, outer.id)
    for each in wrapped:
        key = open_key(deployment, organization_id, each)
        await queries.rewrap_key(tx, wrapped_by(outer, organization_id, key))
    events = [Event(Action.KEYS_ROTATED, subject_id=each.id) for each in wrapped]
    if events:
        await audit.record(tx, who(Operator(organization_id)), *events)
    return len(wrapped)


async def _rewrap_some(
    tx: Tx, keys: Mapping[OrganizationKeyId, OrganizationKey], new: OrganizationKey
) -> int:
    seals = await queries.seals_of_retired(tx, _AT_ONCE)

    def rewrapped(blob_id: UUID, seal: Seal) -> Seal:
        blob = BlobKey(tx.organization_id, FileId(blob_id))
        return new.wrap(blob, keys[seal.key_id].unwrap(blob, seal), seal.size)

    await queries.rewrap_seals(tx, {each: rewrapped(each, seal) for each, seal in seals.items()})
    return len(seals)
