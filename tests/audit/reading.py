"""What the audit tests share: reading back, writing a history, and tampering as the owner."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event, Who
from casekeep.db.database import Database, Row
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import OrganizationId, new_id

LISTED = Event(Action.FILES_LISTED)


def somebody(organization_id: OrganizationId) -> Who:
    return Who(organization_id, "clinician", new_id())


async def events_of(db: Database, organization_id: OrganizationId) -> list[Row]:
    async with db.transaction(organization_id) as tx:
        return await tx.fetch("select * from audit_events order by occurred_at, id")


async def seals_of(db: Database, organization_id: OrganizationId) -> list[Row]:
    async with db.transaction(organization_id) as tx:
        return await tx.fetch("select * from audit_seals order by position")


async def until_there_are(count: int, read: Callable[[], Awaitable[list[Row]]]) -> None:
    """Look again and again: another connection's commit makes no event to wait for."""
    while len(await read()) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


class SteppingClock:
    """A clock that a test moves, or that moves by itself each time it is read."""

    def __init__(self, now: datetime | None = None, step: timedelta = timedelta()) -> None:
        self.now = now or utc_now()
        self.step = step

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


async def write_history(
    db: Database, organization_id: OrganizationId, count: int, *, apart: timedelta
) -> list[Row]:
    """Record `count` events, the last of them an hour ago."""
    start = utc_now() - timedelta(hours=1) - count * apart
    log = AuditLog(db, SteppingClock(start, apart))
    who = somebody(organization_id)
    async with db.transaction(organization_id) as tx:
        for number in range(count):
            await log.record(tx, who, Event(Action.FILE_OPENED, details={"number": number}))
    return await events_of(db, organization_id)


@asynccontextmanager
async def owner_of(
    owner_dsn: str, organization_id: OrganizationId
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The database's owner, who may change what the application may not."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(
            "select set_config('app.organization_id', $1, false)", str(organization_id)
        )
        yield connection
    finally:
        await connection.close()
