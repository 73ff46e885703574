"""Proves that an organisation's audit is what was recorded: walks the chain of hashes from its
start, and looks for events slipped in beside it. It reads only.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from casekeep.audit.chain import COLUMNS, GENESIS, REACH, link
from casekeep.db.database import Database, Row
from casekeep.kernel.ids import OrganizationId

_BATCH = 200
"""Events a transaction: a few milliseconds of the event loop."""

_CHAIN = f"""
    select s.position, s.hash, s.event_id, {COLUMNS}
    from audit_seals s
    left join audit_events e on e.id = s.event_id and e.organization_id = $1
    where s.organization_id = $1 and s.position > $2
    order by s.position limit $3"""  # noqa: S608 - a constant of this room

_UNSEALED = """
    select count(*) as waiting,
           (array_agg(id order by occurred_at, id) filter (where occurred_at < $2))[1] as slipped_in
    from audit_events e
    where organization_id = $1
      and not exists (select from audit_seals s
                      where s.organization_id = $1 and s.event_id = e.id)"""


class Fault(StrEnum):
    """What can be wrong with a chain."""

    SEAL_MISSING = "a seal is missing"
    EVENT_MISSING = "the sealed event is missing"
    EVENT_CHANGED = "the event or its seal was changed"
    EVENT_SLIPPED_IN = "the event was added later and dated back"
    CHAIN_CUT = "the chain does not pass through the head that was kept"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: a position counted from 1, and its hash in hex. Kept somewhere else, it
    proves later that nothing up to there was cut off.
    """

    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. `count`: sealed events found good, from the start of the chain;
    `waiting`: events not sealed yet. Of the first fault: `position` (None for an event outside of
    the chain), `event_id` where there is one, and `why`.
    """

    ok: bool
    count: int
    waiting: int = 0
    head: Head | None = None
    position: int | None = None
    event_id: UUID | None = None
    why: Fault | None = None


@dataclass(slots=True)
class _Walk:
    """Where a walk along the chain has come to."""

    kept: Head | None
    position: int = 0
    hash: bytes = GENESIS
    newest: datetime | None = None
    met_kept: bool = False

    def step(self, row: Row) -> Fault | None:
        """Go one seal further, unless there is a fault."""
        if row["position"] != self.position + 1:
            return Fault.SEAL_MISSING
        if row["id"] is None:
            return Fault.EVENT_MISSING
        if link(self.hash, row["position"], row) != row["hash"]:
            return Fault.EVENT_CHANGED
        if self.newest and row["occurred_at"] < self.newest - REACH:
            return Fault.EVENT_SLIPPED_IN
        self.position, self.hash = row["position"], row["hash"]
        self.newest = max(self.newest or row["occurred_at"], row["occurred_at"])
        self.met_kept |= self.head == self.kept
        return None

    @property
    def head(self) -> Head | None:
        return Head(self.position, self.hash.hex()) if self.position else None


async def verify(
    db: Database, organization_id: OrganizationId, *, kept: Head | None = None
) -> Verdict:
    """Check the organisation's whole chain. `kept`: an earlier verdict's head, which the chain must
    still pass through; without one, events cut off at the very end leave no trace.
    """
    walk = _Walk(kept)
    async for row in _chain(db, organization_id):
        if fault := walk.step(row):
            return Verdict(
                ok=False,
                count=walk.position,
                head=walk.head,
                position=walk.position + 1,
                event_id=None if fault is Fault.SEAL_MISSING else row["event_id"],
                why=fault,
            )
    if kept and not walk.met_kept:
        return Verdict(
            ok=False,
            count=walk.position,
            head=walk.head,
            position=min(kept.position, walk.position + 1),
            why=Fault.CHAIN_CUT,
        )
    return await _look_beside(db, organization_id, walk)


async def _chain(db: Database, organization_id: OrganizationId) -> AsyncGenerator[Row, None]:
    """Every seal in order, with its event; a short transaction for each batch."""
    after = -1
    while True:
        async with db.transaction(organization_id) as tx:
            rows = await tx.fetch(_CHAIN, organization_id, after, _BATCH)
        for row in rows:
            yield row
        if len(rows) < _BATCH:
            return
        after = rows[-1]["position"]


async def _look_beside(db: Database, organization_id: OrganizationId, walk: _Walk) -> Verdict:
    """The verdict on an unbroken chain, after a look at the events that are not in it."""
    reach = walk.newest - REACH if walk.newest else None
    async with db.transaction(organization_id) as tx:
        row = await tx.fetch_row(_UNSEALED, organization_id, reach)
    waiting, slipped_in = (row["waiting"], row["slipped_in"]) if row else (0, None)
    return Verdict(
        ok=slipped_in is None,
        count=walk.position,
        waiting=waiting,
        head=walk.head,
        event_id=slipped_in,
        why=Fault.EVENT_SLIPPED_IN if slipped_in else None,
    )
