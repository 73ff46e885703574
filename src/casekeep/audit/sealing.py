"""Lays the chain of hashes over the events, a moment after they were recorded, so that recording
takes no lock. It only ever appends to the chain, and goes by the database's clock alone.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from casekeep.audit.chain import COLUMNS, GENESIS, REACH, link
from casekeep.db.database import Database, Row, Tx
from casekeep.db.organizations import organization_ids
from casekeep.kernel.ids import OrganizationId

SETTLED = timedelta(seconds=2)
"""An event this old is sealed: most that were recorded before it have been committed by then."""
_BATCH = 200
"""Events a transaction: a few milliseconds of the event loop."""

_log = structlog.get_logger()

_TRY_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('casekeep audit ' || $1::text, 0))"

_LAST = """
    select position, hash from audit_seals where organization_id = $1
    order by position desc limit 1"""

_NEWEST_SEALED = """
    select occurred_at from audit_events e
    where organization_id = $1
      and exists (select from audit_seals s where s.organization_id = $1 and s.event_id = e.id)
    order by occurred_at desc, id desc limit 1"""

_UNSEALED = f"""
    select {COLUMNS} from audit_events e
    where organization_id = $1 and occurred_at <= clock_timestamp() - $2::interval
      and occurred_at >= coalesce($3::timestamptz, '-infinity')
      and not exists (select from audit_seals s where s.organization_id = $1 and s.event_id = e.id)
    order by occurred_at, id limit $4"""  # noqa: S608 - a constant of this room

_APPEND = """
    insert into audit_seals (organization_id, position, event_id, hash)
    select $1, position, event_id, hash
    from unnest($2::bigint[], $3::uuid[], $4::bytea[]) as s (position, event_id, hash)"""


async def seal(db: Database, organization_id: OrganizationId) -> int:
    """Append the organisation's settled events to its chain; how many they were.

    An event dated in the database's future waits for its time: sealed before, it would put the
    honest ones out of reach. While another sealer is at it, it leaves the rest to that one.
    """
    sealed, since = 0, None
    while True:
        async with db.transaction(organization_id) as tx:
            batch = await _seal_batch(tx, since)
        sealed += len(batch)
        if len(batch) < _BATCH:
            return sealed
        since = batch[-1]["occurred_at"]


async def seal_forever(db: Database, *, every: float = 10.0) -> None:
    """Seal all organisations' events every so many seconds, until cancelled. A failure is logged,
    and tried again the next time.
    """
    while True:
        try:
            for organization_id in await organization_ids(db):
                await seal(db, organization_id)
        except Exception as error:  # noqa: BLE001 - a task for life: an outage must not end it
            _log.warning("audit.sealing_failed", cause=type(error).__name__)
        await asyncio.sleep(every)


async def _seal_batch(tx: Tx, since: datetime | None) -> list[Row]:
    """Append one batch. `since`: where to go on from, to not pass over the sealed ones again."""
    organization_id = tx.organization_id
    if not await tx.fetch_value(_TRY_LOCK, str(organization_id)):
        return []
    newest = await tx.fetch_value(_NEWEST_SEALED, organization_id)
    reach = newest - REACH if newest else None
    start = max((time for time in (since, reach) if time), default=None)
    rows = await tx.fetch(_UNSEALED, organization_id, SETTLED, start, _BATCH)
    last = await tx.fetch_row(_LAST, organization_id)
    position, previous = (last["position"], last["hash"]) if last else (0, GENESIS)
    links: list[tuple[int, object, bytes]] = []
    for row in rows:
        position += 1
        previous = link(previous, position, row)
        links.append((position, row["id"], previous))
    if links:
        await tx.execute(_APPEND, organization_id, *zip(*links, strict=True))
    return rows
