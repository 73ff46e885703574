"""How fast the check that never ends may go: everything once in so many days, and never faster than
so many bytes a second, so that nobody notices it.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from casekeep.files.verifying.verifying import Totals

_LONGEST_PAUSE = 60.0
"""Seconds: what is soon done is done sooner, and waits for the next round."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`period`: in which everything is checked once; `rate`: the most bytes a second."""

    period: timedelta
    rate: float

    async def after_piece(self, size: int) -> None:
        """The pause after bytes that were read."""
        await asyncio.sleep(size / self.rate)

    def pause_after(self, size: int, totals: Totals) -> float:
        """Seconds after a file of `size` bytes, of so many altogether: half of the period is for
        the files, half for their bytes. Bytes have had a pause of their own by then.
        """
        share = (size / max(totals.bytes, 1) + 1 / max(totals.files, 1)) / 2
        wanted = self.period.total_seconds() * share - size / self.rate
        return min(max(wanted, 0.0), _LONGEST_PAUSE)
