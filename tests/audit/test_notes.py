"""Listing notes: in the table within a second, through an outage, and never more than the bound."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from casekeep.audit.events import Entry, insert_entries
from casekeep.audit.log import AuditLog
from casekeep.audit.notes import LATE
from casekeep.db.database import Database
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import OrganizationId, new_id
from tests.audit.reading import LISTED, SteppingClock, events_of, somebody, until_there_are
from tests.support.database import TestServer
from tests.support.factories import make_organization
from tests.support.wire import Wire, wire_to


@pytest_asyncio.fixture
async def wire(test_server: TestServer) -> AsyncIterator[Wire]:
    async with wire_to(test_server.application_dsn) as wire:
        yield wire


@pytest_asyncio.fixture
async def wired(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The database at the other end of the wire; an outage is noticed at once, not in seconds."""
    monkeypatch.setattr("casekeep.db.database._RECONNECT_SECONDS", 0.1)
    database = await Database.connect(wire.dsn, size=2)
    yield database
    await database.close()


async def note(log: AuditLog, organization_id: OrganizationId, count: int) -> None:
    who = somebody(organization_id)
    for _ in range(count):
        await log.note_listing(who, LISTED)


async def test_notes_are_in_the_table_within_a_second(db: Database) -> None:
    organization_id = await make_organization(db)
    log = AuditLog(db)
    log.start()
    for count in (1, 3):
        async with asyncio.timeout(1):
            await note(log, organization_id, 1 if count == 1 else 2)
            await until_there_are(count, partial(events_of, db, organization_id))
    await log.close()
    assert len(await events_of(db, organization_id)) == 3


async def test_closing_writes_what_waits_and_does_not_linger(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.audit.notes.LINGER", 3600)
    organization_id = await make_organization(db)
    log = AuditLog(db)
    log.start()
    await note(log, organization_id, 1200)
    async with asyncio.timeout(10):
        await log.close()
    assert len(await events_of(db, organization_id)) == 1200


async def test_notes_of_many_organisations_go_each_to_their_own(db: Database) -> None:
    organizations = [await make_organization(db) for _ in range(7)]
    log = AuditLog(db)
    log.start()
    for _ in range(5):
        for organization_id in organizations:
            await note(log, organization_id, 1)
    await log.close()
    for organization_id in organizations:
        rows = await events_of(db, organization_id)
        assert [row["organization_id"] for row in rows] == [organization_id] * 5


async def test_an_outage_is_survived_without_growing(wire: Wire, wired: Database) -> None:
    organization_id = await make_organization(wired)
    log = AuditLog(wired, bound=50)
    log.start()
    await wire.cut()
    await note(log, organization_id, 50)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await note(log, organization_id, 1)
    await wire.mend()
    async with asyncio.timeout(10):
        await until_there_are(50, partial(events_of, wired, organization_id))
        await note(log, organization_id, 20)
        await until_there_are(70, partial(events_of, wired, organization_id))
    await log.close()
    assert len(await events_of(wired, organization_id)) == 70


async def test_callers_in_an_outage_fail_together_not_in_turn(wire: Wire, wired: Database) -> None:
    organization_id = await make_organization(wired)
    log = AuditLog(wired, bound=1)
    await note(log, organization_id, 1)
    await wire.cut()
    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(
            *(note(log, organization_id, 1) for _ in range(200)), return_exceptions=True
        )
    assert all(isinstance(outcome, OSError) for outcome in outcomes)
    await wire.mend()
    await log.close()
    assert len(await events_of(wired, organization_id)) == 1


async def test_notes_lost_at_the_end_are_counted_in_the_log(wire: Wire, wired: Database) -> None:
    organization_id = await make_organization(wired)
    log = AuditLog(wired)
    log.start()
    await wire.cut()
    await note(log, organization_id, 3)
    with capture_logs() as lines:
        await log.close()
    assert {"event": "audit.notes_lost", "log_level": "error", "count": 3} in lines


async def test_notes_nobody_will_ever_take_hold_up_nobody(db: Database) -> None:
    unknown, known = OrganizationId(new_id()), await make_organization(db)
    log = AuditLog(db)
    log.start()
    await note(log, unknown, 2)
    await note(log, known, 2)
    with capture_logs() as lines:
        await log.close()
    assert len(await events_of(db, known)) == 2
    assert [(line["event"], line["count"]) for line in lines] == [("audit.notes_refused", 2)]


async def test_a_note_held_up_for_long_says_so(db: Database) -> None:
    organization_id = await make_organization(db)
    clock = SteppingClock()
    log = AuditLog(db, clock)
    await note(log, organization_id, 1)
    clock.now += LATE + timedelta(seconds=70)
    await note(log, organization_id, 1)
    await log.close()
    late, prompt = sorted(
        await events_of(db, organization_id), key=lambda row: row["details"] == "{}"
    )
    assert json.loads(late["details"]) == {"late_seconds": 100}
    assert late["occurred_at"] == prompt["occurred_at"]
    assert json.loads(prompt["details"]) == {}


async def test_writing_again_after_a_lost_answer_is_harmless(db: Database) -> None:
    organization_id = await make_organization(db)
    entry = Entry(new_id(), utc_now(), somebody(organization_id), LISTED, None)
    for _ in range(2):
        async with db.transaction(organization_id) as tx:
            await insert_entries(tx, [entry], utc_now())
    assert len(await events_of(db, organization_id)) == 1
