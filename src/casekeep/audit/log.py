"""The one door for recording who did what to which case or file. Acts and byte reads go into the
table before their effect is visible; lists are noted and follow within a second.
"""

from dataclasses import replace
from datetime import datetime

from casekeep.audit.actions import Outcome
from casekeep.audit.events import Detail, Entry, Event, Who, insert_entries
from casekeep.audit.notes import ListingNotes
from casekeep.db.database import Database, Tx
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.ids import new_id
from casekeep.kernel.request import request_id

__all__ = ["AuditLog", "Detail", "Event", "Who"]

_BOUND = 10_000


class AuditLog:
    """Records events. Between `start` and `close` it also writes the notes of listings."""

    def __init__(self, db: Database, clock: Clock = utc_now, *, bound: int = _BOUND) -> None:
        """`bound`: how many listing notes may wait in memory."""
        self._db = db
        self._clock = clock
        self._notes = ListingNotes(db, clock, bound)

    async def record(self, tx: Tx, who: Who, *events: Event) -> None:
        """Record events in the caller's transaction, with one statement: they stand if, and only
        if, the act does.

        Raises ValueError when the actor is of another organisation than the transaction.
        """
        if who.organization_id != tx.organization_id:
            raise ValueError("an event is recorded in its actor's own organisation")
        now = self._clock()
        await insert_entries(tx, [_entry(now, who, event) for event in events], now)

    async def record_refusal(self, who: Who, event: Event) -> None:
        """Record an event as refused, in a transaction of its own, since the refused one rolls
        back. Never call it while holding a transaction: it needs a second connection.
        """
        async with self._db.transaction(who.organization_id) as tx:
            await self.record(tx, who, replace(event, outcome=Outcome.REFUSED))

    async def note_listing(self, who: Who, event: Event) -> None:
        """Note that a list was shown; it is in the table at most a second later.

        Returns at once, unless too many notes wait: then it waits for a write, and raises what
        the database raised, because a list that cannot be recorded must not be shown.
        """
        await self._notes.add(_entry(self._clock(), who, event))

    def start(self) -> None:
        """Begin to write listing notes in the background."""
        self._notes.start()

    async def close(self) -> None:
        """Write the notes that wait, and stop."""
        await self._notes.close()


def _entry(now: datetime, who: Who, event: Event) -> Entry:
    return Entry(new_id(), now, who, event, request_id.get())
