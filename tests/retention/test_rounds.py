"""The purge that goes on by itself: beside a check of all files, and in one process at a time."""

import asyncio
from contextlib import suppress

import pytest

from casekeep.db.alone import alone
from casekeep.files.verifying.scrubbing import SCRUBBING
from casekeep.retention import rounds
from casekeep.retention.purging import Purging
from casekeep.retention.rounds import ROUNDS, purge_forever
from tests.files.room import Room
from tests.retention.ending import Ending, ending


@pytest.fixture
async def clinic(room: Room) -> Ending:
    return await ending(room)


class Rounds:
    """Counts rounds instead of going through every organisation of the tests."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.gone = asyncio.Event()
        monkeypatch.setattr(rounds, "go_round", self.go)

    async def go(self, _: Purging) -> None:
        self.count += 1
        self.gone.set()


async def test_a_check_of_all_files_holds_no_purge_up(
    clinic: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = Rounds(monkeypatch)
    async with alone(clinic.room.db, SCRUBBING):
        purging = asyncio.create_task(purge_forever(clinic.parts(), 60))
        async with asyncio.timeout(10):
            await going.gone.wait()
        purging.cancel()
        with suppress(asyncio.CancelledError):
            await purging


async def test_one_process_at_a_time_purges(
    clinic: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = Rounds(monkeypatch)
    async with alone(clinic.room.db, ROUNDS) as held:
        assert held is not None
        purging = asyncio.create_task(purge_forever(clinic.parts(), 0.01))
        done, _ = await asyncio.wait([purging], timeout=0.2)
        assert (done, going.count) == (set(), 0)
    async with asyncio.timeout(10):
        await going.gone.wait()
    purging.cancel()
    with suppress(asyncio.CancelledError):
        await purging
