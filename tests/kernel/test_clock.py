"""What a clock that is set does not fool."""

from datetime import UTC, datetime, timedelta

import pytest

from casekeep.kernel.clock import JUMP, Steadiness, Stretch

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def test_a_stretch_ends_in_time_and_when_the_clock_is_set_back() -> None:
    stretch = Stretch(NOON, NOON + SECOND)
    assert stretch.has(NOON)
    assert not stretch.has(NOON + SECOND)
    assert not stretch.has(NOON - SECOND)


class Machine:
    """A machine whose clock a test sets."""

    def __init__(self) -> None:
        self.at, self.counted = NOON, 0.0
        self.steadiness = Steadiness(lambda: self.at, lambda: self.counted)

    def passes(self, time: timedelta, *, set_by: timedelta = timedelta()) -> bool:
        """Whether the clock holds after so much time, and after being set."""
        self.at += time + set_by
        self.counted += time.total_seconds()
        return self.steadiness.holds()


@pytest.mark.parametrize("by", [timedelta(hours=1), -timedelta(hours=1), DAY, -DAY])
def test_a_clock_that_jumped_is_not_trusted_for_some_hours(by: timedelta) -> None:
    machine = Machine()
    assert machine.passes(30 * DAY), "however long nobody looked"
    assert not machine.passes(SECOND, set_by=by)
    assert not machine.passes(timedelta(hours=5))
    assert machine.passes(timedelta(hours=1))


def test_a_clock_that_is_put_right_rests_again() -> None:
    machine = Machine()
    assert not machine.passes(SECOND, set_by=DAY)
    assert not machine.passes(timedelta(hours=5), set_by=-DAY)
    assert not machine.passes(timedelta(hours=5))
    assert machine.passes(timedelta(hours=1))


def test_a_clock_that_is_trimmed_is_trusted() -> None:
    machine = Machine()
    assert all(machine.passes(SECOND, set_by=JUMP) for _ in range(3))
