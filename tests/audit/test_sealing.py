"""Sealing: every settled event once, in one unbroken chain, whoever else is sealing."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from casekeep.audit.log import AuditLog
from casekeep.audit.sealing import SETTLED, seal, seal_forever
from casekeep.audit.verification import verify
from casekeep.db.database import Database
from casekeep.kernel.clock import utc_now
from tests.audit.reading import (
    LISTED,
    SteppingClock,
    events_of,
    seals_of,
    somebody,
    until_there_are,
    write_ahead,
    write_history,
    write_late,
)
from tests.support.factories import make_organization

SECOND = timedelta(seconds=1)


async def test_events_are_sealed_once_in_their_order(db: Database) -> None:
    organization_id = await make_organization(db)
    events = await write_history(db, organization_id, 5, apart=SECOND)
    assert [await seal(db, organization_id) for _ in range(2)] == [5, 0]
    seals = await seals_of(db, organization_id)
    assert [row["event_id"] for row in seals] == [row["id"] for row in events]
    assert [row["position"] for row in seals] == [1, 2, 3, 4, 5]


async def test_a_chain_goes_on_over_batches_and_times(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.audit.sealing._BATCH", 3)
    monkeypatch.setattr("casekeep.audit.verification._BATCH", 4)
    organization_id = await make_organization(db)
    for _ in range(2):
        await write_history(db, organization_id, 7, apart=SECOND)
        assert await seal(db, organization_id) == 7
    verdict = await verify(db, organization_id)
    assert (verdict.ok, verdict.count, verdict.waiting) == (True, 14, 0)


async def test_events_of_one_instant_are_all_sealed(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.audit.sealing._BATCH", 3)
    organization_id = await make_organization(db)
    await write_history(db, organization_id, 10, apart=timedelta())
    assert await seal(db, organization_id) == 10


async def test_an_event_settles_before_it_is_sealed(db: Database) -> None:
    organization_id = await make_organization(db)
    await write_late(db, organization_id, SETTLED)
    await AuditLog(db).record_refusal(somebody(organization_id), LISTED)
    assert await seal(db, organization_id) == 1
    assert (await verify(db, organization_id)).waiting == 1


async def test_a_clock_that_is_wrong_neither_stops_the_sealing_nor_looks_like_tampering(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.audit.sealing.SETTLED", timedelta())
    organization_id = await make_organization(db)
    who = somebody(organization_id)
    for minutes in (5, 0, -5, 0):
        log = AuditLog(db, SteppingClock(utc_now() + timedelta(minutes=minutes)))
        await log.record_refusal(who, LISTED)
        await log.note_listing(who, LISTED)
        await log.close()
        assert await seal(db, organization_id) == 2
    verdict = await verify(db, organization_id)
    assert (verdict.ok, verdict.count, verdict.waiting) == (True, 8, 0)


async def test_an_event_of_the_future_is_sealed_in_its_time_and_holds_up_no_other(
    db: Database,
) -> None:
    organization_id = await make_organization(db)
    await write_ahead(db, organization_id, timedelta(minutes=5))
    assert await seal(db, organization_id) == 0
    await write_history(db, organization_id, 3, apart=SECOND)
    assert await seal(db, organization_id) == 3
    verdict = await verify(db, organization_id)
    assert (verdict.ok, verdict.count, verdict.waiting) == (True, 3, 1)


async def test_an_event_that_was_committed_late_is_sealed_too(db: Database) -> None:
    organization_id = await make_organization(db)
    events = await write_history(db, organization_id, 3, apart=SECOND)
    await seal(db, organization_id)
    since = utc_now() - events[0]["occurred_at"]
    await write_late(db, organization_id, since + timedelta(seconds=60))
    assert await seal(db, organization_id) == 1
    assert (await seals_of(db, organization_id))[-1]["position"] == 4
    assert (await verify(db, organization_id)).ok


async def test_sealers_at_once_make_one_unbroken_chain(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.audit.sealing._BATCH", 5)
    organization_id = await make_organization(db)
    events = await write_history(db, organization_id, 60, apart=SECOND)
    sealed = await asyncio.gather(*(seal(db, organization_id) for _ in range(4)))
    assert sum(sealed) == 60
    seals = await seals_of(db, organization_id)
    assert [row["event_id"] for row in seals] == [row["id"] for row in events]
    assert (await verify(db, organization_id)).ok


async def test_each_organisation_has_a_chain_of_its_own(db: Database) -> None:
    organizations = [await make_organization(db) for _ in range(2)]
    for organization_id in organizations:
        await write_history(db, organization_id, 2, apart=SECOND)
    assert await seal(db, organizations[0]) == 2
    assert await seals_of(db, organizations[1]) == []
    assert await seal(db, organizations[1]) == 2
    assert [row["position"] for row in await seals_of(db, organizations[1])] == [1, 2]


async def test_the_task_seals_all_organisations_again_and_again(db: Database) -> None:
    organizations = [await make_organization(db) for _ in range(3)]
    task = asyncio.create_task(seal_forever(db, every=0.02))
    try:
        async with asyncio.timeout(20):
            for count in (1, 2):
                for organization_id in organizations:
                    await write_history(db, organization_id, 1, apart=SECOND)
                for organization_id in organizations:
                    await until_there_are(count, partial(seals_of, db, organization_id))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(await events_of(db, organizations[0])) == 2


async def test_a_database_whose_clock_ran_ahead_neither_stops_the_sealing_nor_looks_like_tampering(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time of tomorrow was sealed; then the clock is put right, and goes on at the end of the
    chain until tomorrow has come.
    """
    monkeypatch.setattr("casekeep.audit.sealing.SETTLED", -timedelta(days=2))
    organization_id = await make_organization(db)
    await write_ahead(db, organization_id, timedelta(days=1))
    assert await seal(db, organization_id) == 1
    for _ in range(3):
        await AuditLog(db).record_refusal(somebody(organization_id), LISTED)
    monkeypatch.setattr("casekeep.audit.sealing.SETTLED", SETTLED)
    assert await seal(db, organization_id) == 0
    verdict = await verify(db, organization_id)
    assert (verdict.ok, verdict.count, verdict.waiting) == (True, 1, 3)
    monkeypatch.setattr("casekeep.audit.sealing.SETTLED", -timedelta(days=2))
    assert await seal(db, organization_id) == 3
    verdict = await verify(db, organization_id)
    assert (verdict.ok, verdict.count, verdict.waiting) == (True, 4, 0)
