"""The one clock: every time in the house is aware, in UTC, and comes from here. A clock may be set;
what must not be fooled by that is told here too.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

SKEW = timedelta(minutes=1)
"""How far apart the clocks of two processes may be. What is dated later than that from now was
dated by a clock that ran ahead, and does not live as much longer.
"""
JUMP = timedelta(minutes=5)
"""What a clock never gains or loses by itself from one look to the next."""
_REST = timedelta(hours=6)


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time by the clock of one process. A clock that was set back before its beginning
    has ended it: nobody can say any more how long it has lasted.
    """

    since: datetime
    until: datetime

    def has(self, now: datetime) -> bool:
        """Whether `now` is within it."""
        return self.since <= now < self.until


class Steadiness:
    """Whether the clock may be trusted with what cannot be undone: it is compared with the
    machine's count of seconds, which nobody sets. After a jump, either way, it may not for some
    hours, in which whoever sets clocks can set it right.
    """

    def __init__(self, clock: Clock = utc_now, count: Callable[[], float] = time.monotonic) -> None:
        """`count`: seconds from any moment on."""
        self._clock = clock
        self._count = count
        self._seen = (clock(), count())
        self._rests_until = count()

    def holds(self) -> bool:
        """Look again; whether there was no jump lately."""
        at, counted = self._clock(), self._count()
        passed = timedelta(seconds=counted - self._seen[1])
        if abs(at - self._seen[0] - passed) > JUMP:
            self._rests_until = counted + _REST.total_seconds()
        self._seen = (at, counted)
        return counted >= self._rests_until
