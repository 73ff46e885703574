"""Finds deliveries that lost their job, as when an outage outlasted it, and gives them another.
Two of these at once do no harm.
"""

import asyncio
from datetime import timedelta

import structlog

from casekeep.db.database import Database
from casekeep.jobs.queue import JobName, enqueue_each
from casekeep.kernel.ids import OrganizationId
from casekeep.webhooks import queries_deliveries

_OVERDUE = timedelta(minutes=15)
"""Longer than a job waits between two tries: before that, one may still come."""
_AT_ONCE = 1000

_log = structlog.get_logger()


async def rescue(db: Database, organization_id: OrganizationId, overdue: timedelta) -> int:
    """Put what nobody has in hand, although it is overdue, into the queue again; how many."""
    async with db.transaction(organization_id) as tx:
        found = await queries_deliveries.take_forgotten(tx, overdue, _AT_ONCE)
        await enqueue_each(tx, JobName.DELIVER_WEBHOOK, found)
    return len(found)


async def rescue_forever(db: Database, *, every: float) -> None:
    """Rescue all organisations' deliveries `every` so many seconds, until cancelled."""
    while True:
        await asyncio.sleep(every)
        try:
            for organization_id in await queries_deliveries.organization_ids(db):
                if count := await rescue(db, organization_id, _OVERDUE):
                    _log.warning("webhooks.rescued", deliveries=count)
        except Exception as error:  # noqa: BLE001 - the next round may find a better world
            _log.warning("webhooks.rescue_failed", cause=type(error).__name__)
