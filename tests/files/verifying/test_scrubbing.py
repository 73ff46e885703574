"""The check that never ends: it finds what is damaged, goes on where it stopped, is done by one
process at a time, and has administrators told once.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from casekeep.db.alone import alone
from casekeep.files.verifying import queries_scrubbing
from casekeep.files.verifying.model import Checked
from casekeep.files.verifying.pacing import Pace
from casekeep.files.verifying.scrubbing import SCRUBBING, Scrubber
from casekeep.files.verifying.verifying import Totals
from casekeep.identity.model import Role
from casekeep.kernel.clock import utc_now
from casekeep.mail.channels import EmailChannel, open_email_channel
from tests.files.verifying.house import Shelf, flip
from tests.support.factories import make_user
from tests.support.house import Outbox, text_of

AT_ONCE = Pace(timedelta(microseconds=1), 1e12)


@pytest.fixture
def mailbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "mail")


@pytest.fixture
async def email(mailbox: Outbox) -> AsyncIterator[EmailChannel]:
    channel = open_email_channel(f"maildir:{mailbox.folder}", sender="Casekeep <no-reply@test>")
    yield channel
    await channel.close()


@pytest.fixture(autouse=True)
def only_this_organization(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's database has the organisations of all tests, and this store the bytes of one."""

    async def one(_: object) -> list[object]:
        return [shelf.organization_id]

    monkeypatch.setattr("casekeep.files.verifying.scrubbing.organization_ids", one)


def in_days(shelf: Shelf, days: float) -> Checked:
    clock = lambda: utc_now() + timedelta(days=days)  # noqa: E731
    return Checked(shelf.room.db, shelf.room.blobs, shelf.room.audit, clock)


async def administrator(shelf: Shelf) -> str:
    user_id = await make_user(shelf.room.db, shelf.organization_id, Role.ADMIN)
    async with shelf.room.db.transaction(shelf.organization_id) as tx:
        return await tx.fetch_value("select email from users where id = $1", user_id)


async def test_damage_is_found_and_told_once(
    shelf: Shelf, email: EmailChannel, mailbox: Outbox
) -> None:
    address = await administrator(shelf)
    flip(shelf.path(1), 4)
    for days in (0, 0.5):
        await Scrubber(in_days(shelf, days), email, AT_ONCE).run_once()
    assert await shelf.findings() == [(shelf.files[1].id, "altered", False)]
    (mail,) = mailbox.to(address)
    assert "1 altered" in text_of(mail)
    assert shelf.files[1].name not in text_of(mail)

    flip(shelf.path(2), 4)
    await Scrubber(in_days(shelf, 0.6), email, AT_ONCE).run_once()
    assert len(mailbox.to(address)) == 1, "at most once a day"
    await Scrubber(in_days(shelf, 2), email, AT_ONCE).run_once()
    assert len(mailbox.to(address)) == 2


async def test_a_round_waits_for_its_time(shelf: Shelf, email: EmailChannel) -> None:
    monthly = Pace(timedelta(days=30), 1e12)
    async with shelf.room.db.transaction(shelf.organization_id) as tx:
        now = utc_now()
        await queries_scrubbing.begin_scrub(tx, now)
        await queries_scrubbing.end_scrub(tx, now)
    flip(shelf.path(), 4)
    await Scrubber(in_days(shelf, 29), email, monthly).run_once()
    assert await shelf.findings() == []


async def test_a_round_that_a_clock_which_ran_ahead_has_dated_is_done_again(
    shelf: Shelf, email: EmailChannel
) -> None:
    async with shelf.room.db.transaction(shelf.organization_id) as tx:
        later = utc_now() + timedelta(days=3650)
        await queries_scrubbing.begin_scrub(tx, later)
        await queries_scrubbing.end_scrub(tx, later)
    flip(shelf.path(), 4)
    await Scrubber(shelf.checked, email, AT_ONCE).run_once()
    assert len(await shelf.findings()) == 1


async def test_it_goes_on_where_it_stopped(shelf: Shelf, email: EmailChannel) -> None:
    first, second, _ = sorted(file.id for file in shelf.files)
    async with shelf.room.db.transaction(shelf.organization_id) as tx:
        await queries_scrubbing.begin_scrub(tx, utc_now())
        await queries_scrubbing.advance_scrub(tx, first, 1, 1)
    for at in range(3):
        shelf.path(at).unlink()
    await Scrubber(shelf.checked, email, AT_ONCE).run_once()
    found = {file_id for file_id, _, _ in await shelf.findings()}
    assert first not in found
    assert second in found
    assert len(found) == 2


async def test_one_process_at_a_time(shelf: Shelf, email: EmailChannel) -> None:
    flip(shelf.path(), 4)
    async with alone(shelf.room.db, SCRUBBING) as held:
        assert held is not None
        await Scrubber(shelf.checked, email, AT_ONCE).run_once()
        assert await shelf.findings() == []
    await Scrubber(shelf.checked, email, AT_ONCE).run_once()
    assert len(await shelf.findings()) == 1


async def test_it_lasts_through_failures(
    shelf: Shelf, email: EmailChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    scrubber, failed, again = Scrubber(shelf.checked, email, AT_ONCE), [0], asyncio.Event()

    async def run_once() -> None:
        failed[0] += 1
        if failed[0] == 1:
            raise OSError("the database is away")
        again.set()

    monkeypatch.setattr(scrubber, "run_once", run_once)
    task = asyncio.create_task(scrubber.run_forever(every=0))
    await asyncio.wait_for(again.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_pace_takes_the_whole_period_and_no_more() -> None:
    pace = Pace(timedelta(hours=1), 1 << 20)
    sizes = [1 << 10] * 200
    totals = Totals(len(sizes), sum(sizes))
    pauses = sum(pace.pause_after(size, totals) + size / pace.rate for size in sizes)
    assert pauses == pytest.approx(3600)
    assert pace.pause_after(1, Totals(1, 1)) == 60.0, "a small store is soon done, then waits"
    assert Pace(timedelta(1), 10.0).pause_after(10_000_000, Totals(1, 10_000_000)) == 0.0
