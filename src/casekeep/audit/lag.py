"""How far the chain of hashes is behind the events. It reads two index entries, and no more."""

from casekeep.db.database import Tx

_LAG = """
    select coalesce(extract(epoch from newest.occurred_at - sealed.occurred_at), 0)::float8
    from (select occurred_at from audit_events where organization_id = $1
          order by occurred_at desc, id desc limit 1) newest
    cross join (select e.occurred_at from audit_seals s
                join audit_events e on e.organization_id = $1 and e.id = s.event_id
                where s.organization_id = $1 order by s.position desc limit 1) sealed"""


async def seal_lag(tx: Tx) -> float:
    """Seconds between the last event that is sealed and the last that is recorded; 0 where nothing
    is sealed yet.
    """
    return max(await tx.fetch_value(_LAG, tx.organization_id) or 0.0, 0.0)
