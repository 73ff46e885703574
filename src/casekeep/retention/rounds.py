"""Goes through all organisations again and again: removes what schedules end, and purges what is
due in the trash. However many processes there are, one of them does it at a time, and none of them
by a clock that jumped lately.
"""

import asyncio

import structlog

from casekeep.db.alone import alone
from casekeep.db.organizations import organization_ids
from casekeep.kernel.ids import OrganizationId
from casekeep.retention.expiring import remove_expired
from casekeep.retention.purging import Purging, purge

log = structlog.get_logger()

ROUNDS = "purging"
"""What one process at a time does, by the name of its lock."""


async def purge_forever(parts: Purging, every: float) -> None:
    """Go round at once and then `every` so many seconds, until cancelled."""
    while True:
        try:
            if parts.steadiness.holds():
                async with alone(parts.db, ROUNDS) as held:
                    if held is not None:
                        await go_round(parts)
            else:
                log.warning("purge_postponed", cause="the clock jumped")
        except Exception as error:  # noqa: BLE001 - the next round may find a better world
            log.warning("purge_failed", cause=type(error).__name__)
        await asyncio.sleep(every)


async def go_round(parts: Purging) -> int:
    """Do what is due in every organisation; how many files were finished."""
    finished = 0
    for organization_id in await organization_ids(parts.db):
        try:
            finished += await _go_through(parts, organization_id)
        except Exception as error:  # noqa: BLE001 - one organisation's must not stop the others'
            log.warning("purge_postponed", cause=type(error).__name__)
    return finished


async def _go_through(parts: Purging, organization_id: OrganizationId) -> int:
    removed = await remove_expired(parts.db, parts.audit, organization_id, clock=parts.clock)
    done = await purge(parts, organization_id)
    if removed or done.finished or done.left:
        log.info(
            "purged",
            organization_id=str(organization_id),
            removed=removed,
            files=done.finished,
            cases=done.due.cases,
            left=done.left,
        )
    return done.finished
