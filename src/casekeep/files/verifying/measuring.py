"""Counts, over all organisations together, what is stored, damaged, unfinished and behind. No
number is one organisation's, and none is about a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from casekeep.audit.lag import seal_lag
from casekeep.db.database import Database
from casekeep.db.organizations import organization_ids
from casekeep.files.verifying import queries_measuring
from casekeep.files.verifying.model import Damage
from casekeep.jobs.queries import count_jobs
from casekeep.kernel.clock import Clock, utc_now


@dataclass(slots=True)
class Measures:
    """The sums. `oldest_round`: seconds since the round began that began first, of those that are
    the last of their organisation; `seal_lag`: the longest; `jobs`: by their state.
    """

    files: int
    bytes: int
    unfinished: int
    in_parts: int
    scrubbed: int
    oldest_round: float
    seal_lag: float
    findings: dict[Damage, int]
    jobs: Mapping[str, int]


async def measure(db: Database, clock: Clock = utc_now) -> Measures:
    """Count everything now: a few statements for each organisation."""
    no_findings = dict.fromkeys(Damage, 0)
    total = Measures(0, 0, 0, 0, 0, 0.0, 0.0, no_findings, await count_jobs(db))
    for organization_id in await organization_ids(db):
        async with db.transaction(organization_id) as tx:
            stock = await queries_measuring.stock(tx)
            findings = await queries_measuring.open_findings(tx)
            lag = await seal_lag(tx)
        total.files += stock.files
        total.bytes += stock.bytes
        total.unfinished += stock.unfinished
        total.in_parts += stock.in_parts
        total.scrubbed += stock.scrubbed
        total.seal_lag = max(total.seal_lag, lag)
        if stock.round_began_at is not None:
            age = (clock() - stock.round_began_at).total_seconds()
            total.oldest_round = max(total.oldest_round, age)
        for damage, count in findings.items():
            total.findings[damage] += count
    return total
