"""Counts attempts in the database, so that a limit holds across all server processes. What is
counted is kept as a keyed hash only; an attempt is claimed before it is made, never after.
"""

import hmac
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

from casekeep.db.database import Database, Tx
from casekeep.identity import queries_limits
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import TooManyRequests

_MINUTES = 60
_HOUR = 60 * _MINUTES


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` attempts in each window of `seconds`."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How often each thing may be tried. An identifier is an email address or a phone number; an
    address is where the request came from, which a whole clinic may share. Successful password
    sign-ins and codes are given back, so these count failures.
    """

    codes_per_identifier: Limit = Limit(5, 15 * _MINUTES)
    codes_per_address: Limit = Limit(20, 15 * _MINUTES)
    codes_per_organization: Limit = Limit(1000, _HOUR)
    guesses_per_identifier: Limit = Limit(10, 15 * _MINUTES)
    guesses_per_address: Limit = Limit(100, 15 * _MINUTES)
    passwords_per_email: Limit = Limit(10, 15 * _MINUTES)
    passwords_per_address: Limit = Limit(60, 15 * _MINUTES)


@dataclass(frozen=True, slots=True)
class Spent:
    """One claimed attempt, so that it can be given back."""

    subject_hash: bytes
    window_start: datetime


class Limiter:
    """Claims attempts, in an organisation or (for passwords) before one is known."""

    def __init__(self, key: bytes, clock: Clock = utc_now) -> None:
        self._key = key
        self._clock = clock

    async def spend(self, tx: Tx, kind: str, value: str, limit: Limit) -> Spent:
        """Claim one attempt of `kind` by `value`; a rolled back transaction gives it back.

        Raises TooManyRequests.
        """
        spent, retry_after = self._window(kind, value, limit)
        used = await queries_limits.spend(tx, *astuple(spent))
        if used > limit.count:
            raise TooManyRequests(retry_after)
        return spent

    async def give_back(self, tx: Tx, spent: Spent) -> None:
        """Take back a claim whose attempt was right."""
        await queries_limits.give_back(tx, *astuple(spent))

    async def spend_anywhere(self, db: Database, kind: str, value: str, limit: Limit) -> Spent:
        """Like `spend`, outside any organisation, committed at once. Raises TooManyRequests."""
        spent, retry_after = self._window(kind, value, limit)
        if await queries_limits.spend_anywhere(db, *astuple(spent)) > limit.count:
            raise TooManyRequests(retry_after)
        return spent

    async def count_anywhere(self, db: Database, kind: str, value: str, limit: Limit) -> None:
        """Count, outside any organisation, and refuse nothing."""
        spent, _ = self._window(kind, value, limit)
        await queries_limits.spend_anywhere(db, *astuple(spent))

    async def give_back_anywhere(self, db: Database, spent: Spent) -> None:
        """Like `give_back`, outside any organisation."""
        await queries_limits.give_back_anywhere(db, *astuple(spent))

    def _window(self, kind: str, value: str, limit: Limit) -> tuple[Spent, int]:
        """What to count, and the seconds until the next window begins."""
        now = int(self._clock().timestamp())
        start = now - now % limit.seconds
        subject = f"limit|{kind}|{value}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, subject, "sha256")
        return Spent(digest, datetime.fromtimestamp(start, UTC)), start + limit.seconds - now
