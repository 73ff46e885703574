"""SQL of the limits: counters by keyed hash and window, in a tenant or before one is known."""

from datetime import datetime, timedelta

from casekeep.db.database import Database, Tx

_KEPT = timedelta(days=1)


async def spend(tx: Tx, subject_hash: bytes, window_start: datetime) -> int:
    """Count one more; how many there are now. Whoever opens a window clears some old ones."""
    used: int = await tx.fetch_value(
        """insert into rate_limits as r (organization_id, subject_hash, window_start, used)
           values ($1, $2, $3, 1)
           on conflict (organization_id, subject_hash, window_start) do update set used = r.used + 1
           returning r.used""",
        tx.organization_id,
        subject_hash,
        window_start,
    )
    if used == 1:
        await tx.execute(
            """delete from rate_limits where organization_id = $1 and ctid in (
                   select ctid from rate_limits
                   where organization_id = $1 and window_start < $2
                   limit 100 for update skip locked)""",
            tx.organization_id,
            window_start - _KEPT,
        )
    return used


async def give_back(tx: Tx, subject_hash: bytes, window_start: datetime) -> None:
    """Count one less."""
    await tx.execute(
        """update rate_limits set used = used - 1
           where organization_id = $1 and subject_hash = $2 and window_start = $3 and used > 0""",
        tx.organization_id,
        subject_hash,
        window_start,
    )


async def spend_anywhere(db: Database, subject_hash: bytes, window_start: datetime) -> int:
    """Count one more outside any tenant; how many there are now."""
    rows = await db.fetch_unscoped(
        "select spend_sign_in_attempt($1, $2) as used", subject_hash, window_start
    )
    return rows[0]["used"]


async def count_miss(tx: Tx, subject_hash: bytes, window_start: datetime) -> None:
    """Like `spend_anywhere`, within a transaction, of whatever scope."""
    await tx.execute("select spend_sign_in_attempt($1, $2)", subject_hash, window_start)


async def give_back_anywhere(db: Database, subject_hash: bytes, window_start: datetime) -> None:
    """Count one less outside any tenant."""
    await db.fetch_unscoped("select give_back_sign_in_attempt($1, $2)", subject_hash, window_start)
