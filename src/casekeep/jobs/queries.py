"""The SQL of the jobs room beside pgqueuer's own."""

from datetime import timedelta

from casekeep.db.database import Database

_FORGET = """
    delete from public.pgqueuer_log where id in (
        select id from public.pgqueuer_log where created < now() - $1::interval
        order by created limit $2)
    returning id"""


async def forget_finished(db: Database, older_than: timedelta, at_most: int) -> int:
    """Delete notes of what became of jobs, oldest first; how many."""
    return len(await db.fetch_unscoped(_FORGET, older_than, at_most))


async def count_jobs(db: Database) -> dict[str, int]:
    """How many jobs there are in each state: `queued`, `picked` (under way), `failed` (held)."""
    rows = await db.fetch_unscoped(
        "select status::text, count(*) as count from public.pgqueuer group by status"
    )
    return {row["status"]: row["count"] for row in rows}
