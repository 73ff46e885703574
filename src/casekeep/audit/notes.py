"""Listing notes on their way to the table: gathered in memory, written in batches at most a second
later. It never holds more than its bound, and never lets go of a note that is not written.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from casekeep.audit.events import Entry, insert_entries
from casekeep.db.database import Database
from casekeep.db.errors import RowNotValid
from casekeep.kernel.clock import Clock
from casekeep.kernel.ids import OrganizationId

LINGER = 0.5
"""Seconds that a note may wait for others; with the write itself, less than a second."""
LATE = timedelta(seconds=30)
"""A note held up longer (by an outage) is dated when it is written, and says how late it was."""
_RETRY = 0.5
_CLOSE_SECONDS = 10.0
_ROWS = 200
"""Rows a statement: a few milliseconds of the event loop."""

_log = structlog.get_logger()


class ListingNotes:
    """The notes that wait, and the task that writes them."""

    def __init__(self, db: Database, clock: Clock, bound: int) -> None:
        """`bound`: how many notes may wait in memory."""
        self._db = db
        self._clock = clock
        self._bound = bound
        self._waiting: list[Entry] = []
        self._arrived = asyncio.Event()
        self._closing = asyncio.Event()
        self._flushing: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None

    async def add(self, note: Entry) -> None:
        """Take a note. Returns at once, unless the bound is reached: then it waits for a write,
        and raises what the database raised.
        """
        while len(self._waiting) >= self._bound:
            await self._flush()
        self._waiting.append(note)
        if len(self._waiting) == 1:
            self._arrived.set()

    def start(self) -> None:
        """Begin to write in the background."""
        self._writer = asyncio.create_task(self._write_as_they_come(), name="audit notes")

    async def close(self) -> None:
        """Write what waits, and stop. If the database does not take it within seconds, it is lost,
        and the log says how much it was.
        """
        self._closing.set()
        self._arrived.set()
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_SECONDS):
                if self._writer is not None:
                    await self._writer
                while self._waiting:
                    await self._flush()
        if self._flushing is not None:
            self._flushing.cancel()
        if self._waiting:
            _log.error("audit.notes_lost", count=len(self._waiting))

    async def _write_as_they_come(self) -> None:
        while not self._closing.is_set():
            await self._arrived.wait()
            await self._pause(LINGER)
            self._arrived.clear()
            try:
                await self._flush()
            except Exception as error:  # noqa: BLE001 - whatever it was, the notes wait for the next try
                _log.warning(
                    "audit.notes_wait", count=len(self._waiting), cause=type(error).__name__
                )
                await self._pause(_RETRY)
            if self._waiting:
                self._arrived.set()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not when closing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _flush(self) -> None:
        """Write the notes there are. Whoever asks meanwhile shares this write and its failure, so
        an outage does not make a queue of callers that each wait for it in turn.
        """
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._write_all(), name="audit flush")
            self._flushing.add_done_callback(self._flushed)
        await asyncio.shield(self._flushing)

    def _flushed(self, task: asyncio.Task[None]) -> None:
        self._flushing = None
        if not task.cancelled():
            task.exception()  # retrieved here, in case everybody who asked has gone

    async def _write_all(self) -> None:
        """Notes stay in the list until they are written: the bound counts them all the while."""
        taken = self._waiting[:]
        written: set[OrganizationId] = set()
        try:
            for organization_id, notes in _by_organization(taken).items():
                await self._write(organization_id, notes)
                written.add(organization_id)
        finally:
            left = [note for note in taken if note.who.organization_id not in written]
            self._waiting[: len(taken)] = left

    async def _write(self, organization_id: OrganizationId, notes: Sequence[Entry]) -> None:
        """One organisation's notes, in one transaction. If the answer to its commit is lost, they
        are tried again, which is harmless.
        """
        now = self._clock()
        dated = [_dated(note, now) for note in notes]
        try:
            async with self._db.transaction(organization_id) as tx:
                for start in range(0, len(dated), _ROWS):
                    await insert_entries(tx, dated[start : start + _ROWS], now)
        except RowNotValid as error:
            # The database will never take these; to try for ever would hold up everybody's. The
            # cause is named, not quoted: the driver's text may show values.
            _log.error(
                "audit.notes_refused",
                organization_id=str(organization_id),
                count=len(notes),
                cause=type(error).__name__,
            )


def _dated(note: Entry, now: datetime) -> Entry:
    """The note, dated now if it waited so long that the chain of hashes went past its time."""
    late = now - note.noted_at
    if late <= LATE:
        return note
    details = {**note.event.details, "late_seconds": int(late.total_seconds())}
    return note._replace(noted_at=now, event=replace(note.event, details=details))


def _by_organization(notes: Sequence[Entry]) -> dict[OrganizationId, list[Entry]]:
    grouped: dict[OrganizationId, list[Entry]] = defaultdict(list)
    for note in notes:
        grouped[note.who.organization_id].append(note)
    return grouped
