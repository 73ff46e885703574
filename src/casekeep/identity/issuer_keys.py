"""Remembers the public keys of trusted issuers, in this process and in memory. An issuer is asked
again when its keys grow old or a key is new, never at the pace of those who send tokens; while it
cannot be reached, its last keys count for a day.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from joserfc.jwk import Key

from casekeep.identity.key_sets import KeysNotFetched, KeySource
from casekeep.identity.model import TrustedIssuer
from casekeep.kernel.clock import Clock, Stretch
from casekeep.kernel.ids import IssuerId

PATIENCE = timedelta(seconds=30)
"""How long an issuer is left alone after it failed, or was asked for a key that it did not have."""
COUNT_FOR = timedelta(days=1)

_NEVER = Stretch(*[datetime.min.replace(tzinfo=UTC)] * 2)
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_log = structlog.get_logger()


@dataclass(slots=True)
class _Known:
    """What is known of one issuer's keys; while they are fresh, while they count at all, and while
    the issuer is left alone.
    """

    keys: tuple[Key, ...] = ()
    fresh: Stretch = _NEVER
    counting: Stretch = _NEVER
    left_alone: Stretch = _NEVER
    asking: asyncio.Task[None] | None = None

    def fitting(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key that a token names. One that names none means the only one that fits it (OpenID
        Connect Core 1.0, section 10.1).
        """
        found = list(self._fitting(key_id, algorithm))
        return found[0] if len(found) == 1 else None

    def _fitting(self, key_id: str | None, algorithm: str) -> Iterator[Key]:
        for key in self.keys:
            is_named = key_id is None or key.kid == key_id
            is_of_type = key.key_type == _KEY_TYPES.get(algorithm[:2])
            if is_named and is_of_type and key.alg in (None, algorithm):
                yield key


class IssuerKeys:
    """The keys of every issuer that this process has met."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._source = KeySource()
        self._known: dict[IssuerId, _Known] = {}

    async def find(self, issuer: TrustedIssuer, key_id: str | None, algorithm: str) -> Key | None:
        """The issuer's key for a token with this `kid` and `alg`; None when it has none, or cannot
        say. Never call it while holding a transaction: it may wait for the issuer.
        """
        known, now = self._known.setdefault(issuer.id, _Known()), self._clock()
        is_fresh = known.fresh.has(now)
        if is_fresh and (found := known.fitting(key_id, algorithm)) is not None:
            return found
        may_ask = known.asking is None and not known.left_alone.has(now)
        if may_ask and not (is_fresh and key_id is None):
            if is_fresh:  # the key is new, or made up
                known.left_alone = Stretch(now, now + PATIENCE)
            known.asking = asyncio.create_task(self._ask(issuer, known), name="issuer keys")
        if known.asking is not None:
            await asyncio.shield(known.asking)  # shared: who leaves takes it from nobody
        return known.fitting(key_id, algorithm) if known.counting.has(self._clock()) else None

    def forget(self, issuer_id: IssuerId) -> None:
        """Forget the keys of an issuer that is trusted no more."""
        self._known.pop(issuer_id, None)

    async def close(self) -> None:
        """Ask nobody any more."""
        for known in self._known.values():
            if known.asking is not None:
                known.asking.cancel()
                with suppress(asyncio.CancelledError):
                    await known.asking
        await self._source.close()

    async def _ask(self, issuer: TrustedIssuer, known: _Known) -> None:
        try:
            fetched = await self._source.fetch(issuer)
        except KeysNotFetched as error:
            now = self._clock()
            known.left_alone = Stretch(now, now + PATIENCE)
            _log.warning("issuer.keys_not_fetched", issuer_id=str(issuer.id), cause=str(error))
        else:
            now = self._clock()
            known.keys = fetched.keys
            known.fresh = Stretch(now, now + fetched.lives)
            known.counting = Stretch(now, now + COUNT_FOR)
        finally:
            known.asking = None
