"""The check that never ends: every stored byte, again and again, slowly. One process at a time does
it, and goes on where it or another one stopped.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import structlog

from casekeep.db.alone import alone, ask_for_life
from casekeep.db.organizations import organization_ids
from casekeep.files.verifying import queries_scrubbing
from casekeep.files.verifying.model import Checked, OnRecord
from casekeep.files.verifying.noting import note_gone, note_judged
from casekeep.files.verifying.pacing import Pace
from casekeep.files.verifying.telling import tell_administrators
from casekeep.files.verifying.verifying import Totals, count_stored
from casekeep.files.verifying.walking import as_orphans, judge_page, orphans, page_of
from casekeep.kernel.ids import FileId, OrganizationId
from casekeep.mail.channels import EmailChannel

if TYPE_CHECKING:
    from casekeep.db.database import Connection

SCRUBBING = "scrubbing"
"""What one process at a time does, by the name of its lock."""

_AT_ONCE = 100
_ANSWER_WITHIN = 5.0
_BETWEEN_KEYS = 0.2

_log = structlog.get_logger()


class _Due(NamedTuple):
    """A round that is to be done, from behind the file `after`."""

    organization_id: OrganizationId
    began_at: datetime
    after: FileId | None


class Scrubber:
    """Checks what is due, at a pace. `email`: by which administrators are told of what is found."""

    def __init__(self, checked: Checked, email: EmailChannel, pace: Pace) -> None:
        self._checked = checked
        self._email = email
        self._pace = pace

    async def run_forever(self, *, every: float) -> None:
        """Check what is due, `every` so many seconds, until cancelled. Whatever fails is tried
        again the next time, from where it stopped.
        """
        while True:
            try:
                await self.run_once()
            except Exception as error:  # noqa: BLE001 - a task for life: an outage must not end it
                _log.warning("scrub.failed", cause=type(error).__name__)
            await asyncio.sleep(every)

    async def run_once(self) -> None:
        """Check what is due, unless another process is at it."""
        async with alone(self._checked.db, SCRUBBING) as connection:
            if connection is None:
                return
            organizations = await organization_ids(self._checked.db)
            due = [each for one in organizations if (each := await self._due(one)) is not None]
            if not due:
                return
            totals = await count_stored(self._checked, organizations)
            for each in due:
                await self._round(connection, each, totals)
            await self._orphans(organizations)
            for each in due:
                await note_gone(self._checked, each.organization_id, each.began_at)
            _log.info("scrub.round_ended", organizations=len(due))

    async def _round(self, connection: "Connection", due: _Due, totals: Totals) -> None:
        """A round through an organisation's files, or the rest of one."""
        organization_id, after = due.organization_id, due.after
        while page := await page_of(self._checked, organization_id, after, _AT_ONCE):
            await self._page(connection, organization_id, page, totals)
            after = page[-1].id
        async with self._checked.db.transaction(organization_id) as tx:
            await queries_scrubbing.end_scrub(tx, self._checked.clock())

    async def _due(self, organization_id: OrganizationId) -> _Due | None:
        """The round that is to be begun now, or to be gone on with."""
        now = self._checked.clock()
        async with self._checked.db.transaction(organization_id) as tx:
            last = await queries_scrubbing.find_scrub(tx)
            if last is not None and last.ended_at is None:
                return _Due(organization_id, last.began_at, last.after)
            if last is not None and timedelta() <= now - last.began_at < self._pace.period:
                return None
            await queries_scrubbing.begin_scrub(tx, now)
        return _Due(organization_id, now, None)

    async def _page(
        self,
        connection: "Connection",
        organization_id: OrganizationId,
        page: Sequence[OnRecord],
        totals: Totals,
    ) -> None:
        """Some files, one by one, so that little is done twice when the process ends meanwhile."""
        for record in page:
            judged = await judge_page(
                self._checked, organization_id, [record], deep=True, pacing=self._pace.after_piece
            )
            await note_judged(self._checked, organization_id, judged, deep=True)
            async with self._checked.db.transaction(organization_id) as tx:
                await queries_scrubbing.advance_scrub(tx, record.id, 1, record.size)
            if any(each.damage for each in judged):
                await tell_administrators(self._checked, self._email, organization_id)
            await asyncio.sleep(self._pace.pause_after(record.size, totals))
        await ask_for_life(connection, _ANSWER_WITHIN)  # else another process may scrub now

    async def _orphans(self, organizations: Sequence[OrganizationId]) -> None:
        """Bytes of nobody, in the whole store."""
        async for keys in orphans(self._checked, set(organizations)):
            if keys:
                await note_judged(
                    self._checked, keys[0].organization_id, as_orphans(keys), deep=False
                )
            await asyncio.sleep(_BETWEEN_KEYS)
        for organization_id in organizations:
            await tell_administrators(self._checked, self._email, organization_id)
