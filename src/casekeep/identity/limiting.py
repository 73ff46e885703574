"""Counts attempts in the database, so that a limit holds across all server processes. What is
counted is kept as a keyed hash only; an attempt is claimed before it is made, never after.
"""

import hmac
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

from casekeep.db.database import Database, Tx
from casekeep.identity import queries_limits
from casekeep.identity.limits import Claim, Counted
from casekeep.kernel.clock import Clock, utc_now


@dataclass(frozen=True, slots=True)
class Spent:
    """One claimed attempt, so that it can be given back."""

    subject_hash: bytes
    window_start: datetime


class OverLimit(Exception):
    """A claim found its limit reached. It stays in this room: who asked is told TooManyRequests."""

    def __init__(self, claim: Claim, used: int, retry_after: int) -> None:
        """`used`: attempts counted with this one; `retry_after`: seconds."""
        super().__init__()
        self.claim = claim
        self.used = used
        self.retry_after = retry_after

    @property
    def just_reached(self) -> bool:
        """Whether it is the first one over, where refused attempts are counted too."""
        return self.used == self.claim.limit.count + 1


class Limiter:
    """Claims attempts, in an organisation or (for passwords) before one is known."""

    def __init__(self, key: bytes, clock: Clock = utc_now) -> None:
        self._key = key
        self._clock = clock

    async def spend(self, tx: Tx, claims: Iterable[Claim]) -> list[Spent]:
        """Claim one attempt of each, in order; a rolled back transaction gives them back.

        Raises OverLimit.
        """
        claimed = list[Spent]()
        for claim in claims:
            spent, retry_after = self._window(claim)
            used = await queries_limits.spend(tx, *astuple(spent))
            if used > claim.limit.count:
                raise OverLimit(claim, used, retry_after)
            claimed.append(spent)
        return claimed

    async def give_back(self, tx: Tx, spent: Spent) -> None:
        """Take back a claim whose attempt was right."""
        await queries_limits.give_back(tx, *astuple(spent))

    async def first_refusal(self, tx: Tx, over: OverLimit) -> bool:
        """Whether nobody has noted yet, in this window, that this limit was reached: true once."""
        claim = over.claim
        noted, _ = self._window(Claim(Counted.REFUSALS, f"{claim.kind}|{claim.value}", claim.limit))
        return await queries_limits.spend(tx, *astuple(noted)) == 1

    async def spend_anywhere(self, db: Database, claims: Iterable[Claim]) -> list[Spent]:
        """Like `spend`, outside any organisation: each is committed at once, and those before the
        one that is refused stay claimed. Raises OverLimit.
        """
        claimed = list[Spent]()
        for claim in claims:
            spent, retry_after = self._window(claim)
            used = await queries_limits.spend_anywhere(db, *astuple(spent))
            if used > claim.limit.count:
                raise OverLimit(claim, used, retry_after)
            claimed.append(spent)
        return claimed

    async def count_miss(self, tx: Tx, claim: Claim) -> None:
        """Count, outside any organisation, whatever the scope of `tx` is, and refuse nothing."""
        spent, _ = self._window(claim)
        await queries_limits.count_miss(tx, *astuple(spent))

    async def give_back_anywhere(self, db: Database, spent: Spent) -> None:
        """Like `give_back`, outside any organisation."""
        await queries_limits.give_back_anywhere(db, *astuple(spent))

    def _window(self, claim: Claim) -> tuple[Spent, int]:
        """What to count, and the seconds until the next window begins."""
        now = int(self._clock().timestamp())
        seconds = claim.limit.seconds
        start = now - now % seconds
        subject = f"limit|{claim.kind}|{claim.value}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, subject, "sha256")
        return Spent(digest, datetime.fromtimestamp(start, UTC)), start + seconds - now
