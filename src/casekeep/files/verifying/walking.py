"""Goes through everything that is on record, and through everything that is in the store, a page at
a time. No transaction is open while bytes are looked at; a server may run meanwhile.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from casekeep.blobs.store import BlobKey, StoreUnavailable
from casekeep.files.verifying import queries
from casekeep.files.verifying.judging import Pacing, judge
from casekeep.files.verifying.model import Checked, Damage, Judged, OnRecord
from casekeep.kernel.ids import FileId, OrganizationId

YOUNG = timedelta(hours=1)
"""Bytes are begun after their row; only what is older than this can be orphaned."""
_KEYS_AT_ONCE = 500
_UNIX_BITS = 80
_VERSION_WITH_TIME = 7


async def page_of(
    checked: Checked, organization_id: OrganizationId, after: FileId | None, most: int
) -> list[OnRecord]:
    """The stored files that follow `after`, by their ids."""
    async with checked.db.transaction(organization_id) as tx:
        return await queries.stored_after(tx, after, most)


async def judge_page(
    checked: Checked,
    organization_id: OrganizationId,
    page: Sequence[OnRecord],
    *,
    deep: bool,
    pacing: Pacing | None = None,
) -> list[Judged]:
    """What is found of these files. One that was destroyed while it was looked at is left out."""
    judged = [
        Judged(
            record.id,
            await judge(
                checked.blobs,
                BlobKey(organization_id, record.id),
                record,
                deep=deep,
                pacing=pacing,
            ),
        )
        for record in page
    ]
    damaged = [each.file_id for each in judged if each.damage is not None]
    if not damaged:
        return judged
    async with checked.db.transaction(organization_id) as tx:
        stored = await queries.stored_among(tx, damaged)
    return [each for each in judged if each.damage is None or each.file_id in stored]


async def orphans(
    checked: Checked, of: Collection[OrganizationId] | None = None
) -> AsyncIterator[list[BlobKey]]:
    """Bytes that no row answers for, a handful of keys at a time, all of one organisation; an empty
    list says that there were none in so many. `of`: those organisations' alone.
    """
    batch: list[BlobKey] = []
    async for key in checked.blobs.keys():
        if (of is None or key.organization_id in of) and is_older(checked, key, YOUNG):
            batch.append(key)
        if len(batch) == _KEYS_AT_ONCE:
            async for found in _orphans_among(checked, batch):
                yield found
            batch = []
    async for found in _orphans_among(checked, batch):
        yield found


def is_older(checked: Checked, key: BlobKey, age: timedelta) -> bool:
    """Whether bytes are older than `age`, by their id, which has the time in it (RFC 9562, section
    5.7); of an id without a time nobody would know how young it is.
    """
    if key.file_id.version != _VERSION_WITH_TIME:
        return True
    made_at = datetime.fromtimestamp((key.file_id.int >> _UNIX_BITS) / 1000, UTC)
    return checked.clock() - made_at > age


async def is_orphaned(checked: Checked, key: BlobKey) -> bool:
    """Whether bytes are there that no row answers for. A row goes, or says that its file is purged,
    after its bytes: so bytes that are still there once that is known are nobody's.
    """
    async with checked.db.transaction(key.organization_id) as tx:
        if await queries.owned_among(tx, [key.file_id]):
            return False
    try:
        return await checked.blobs.has_bytes(key)
    except StoreUnavailable:  # they were there a moment ago
        return True


async def _orphans_among(
    checked: Checked, batch: Sequence[BlobKey]
) -> AsyncIterator[list[BlobKey]]:
    ordered = sorted(batch, key=lambda key: key.organization_id)
    for organization_id, keys in groupby(ordered, key=lambda key: key.organization_id):
        mine = list(keys)
        async with checked.db.transaction(organization_id) as tx:
            owned = await queries.owned_among(tx, [key.file_id for key in mine])
        unowned = [key for key in mine if key.file_id not in owned]
        yield [key for key in unowned if await is_orphaned(checked, key)]


def as_orphans(keys: Sequence[BlobKey]) -> list[Judged]:
    """These keys, as they are written down."""
    return [Judged(key.file_id, Damage.ORPHANED) for key in keys]
