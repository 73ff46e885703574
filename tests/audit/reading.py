"""What the audit tests share: reading back, writing a history, and tampering as the owner."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg

from casekeep.audit.actions import Action
from casekeep.audit.events import Entry, insert_entries
from casekeep.audit.log import Event, Who
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
    now = utc_now()
    who = somebody(organization_id)
    entries = [
        Entry(
            new_id(),
            now - timedelta(hours=1) - (count - 1 - number) * apart,
            who,
            Event(Action.FILE_OPENED, details={"number": number}),
            None,
        )
        for number in range(count)
    ]
    async with db.transaction(organization_id) as tx:
        await insert_entries(tx, entries, now)
    return await events_of(db, organization_id)


async def write_ahead(db: Database, organization_id: OrganizationId, by: timedelta) -> None:
    """Write an event dated in the database's future, which the room itself never does."""
    async with db.transaction(organization_id) as tx:
        await tx.execute(
            """insert into audit_events (id, organization_id, occurred_at, action, outcome,
                                         actor_kind)
               values ($1, $2, now() + $3::interval, 'files.listed', 'done', 'clinician')""",
            new_id(),
            organization_id,
            by,
        )


async def write_late(db: Database, organization_id: OrganizationId, ago: timedelta) -> None:
    """Write an event of some time ago."""
    now = utc_now()
    entry = Entry(new_id(), now - ago, somebody(organization_id), LISTED, None)
    async with db.transaction(organization_id) as tx:
        await insert_entries(tx, [entry], now)


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
