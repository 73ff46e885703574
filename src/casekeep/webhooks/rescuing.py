"""Keeps deliveries in order: those that lost their job, as when an outage outlasted it, get
another, and those that were settled long ago are forgotten. Two of these at once do no harm.
"""

import asyncio
from datetime import timedelta

import structlog

from casekeep.db.database import Database
from casekeep.db.organizations import organization_ids
from casekeep.jobs.queue import JobName, enqueue_each
from casekeep.kernel.ids import OrganizationId
from casekeep.webhooks import queries_deliveries

_OVERDUE = timedelta(minutes=15)
"""Longer than a job waits between two tries: before that, one may still come."""
KEPT = timedelta(days=90)
"""For so long a delivery can be looked at and replayed, from when it was announced."""
_AT_ONCE = 1000

_log = structlog.get_logger()


async def rescue(db: Database, organization_id: OrganizationId, overdue: timedelta) -> int:
    """Put what nobody has in hand, although it is overdue, into the queue again; how many."""
    async with db.transaction(organization_id) as tx:
        found = await queries_deliveries.take_forgotten(tx, overdue, _AT_ONCE)
        await enqueue_each(tx, JobName.DELIVER_WEBHOOK, found)
    return len(found)


async def forget(db: Database, organization_id: OrganizationId, kept: timedelta) -> int:
    """Remove what was announced longer ago than `kept`, and is delivered or given up; how many."""
    count = 0
    while True:
        async with db.transaction(organization_id) as tx:
            some = await queries_deliveries.forget_settled(tx, kept, _AT_ONCE)
        count += some
        if some < _AT_ONCE:
            return count


async def rescue_forever(db: Database, *, every: float) -> None:
    """Rescue and forget all organisations' deliveries `every` so many seconds, until cancelled."""
    while True:
        await asyncio.sleep(every)
        try:
            for organization_id in await organization_ids(db):
                if count := await rescue(db, organization_id, _OVERDUE):
                    _log.warning("webhooks.rescued", deliveries=count)
                await forget(db, organization_id, KEPT)
        except Exception as error:  # noqa: BLE001 - the next round may find a better world
            _log.warning("webhooks.rescue_failed", cause=type(error).__name__)
