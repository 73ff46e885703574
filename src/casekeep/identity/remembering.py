"""Remembers what was proven a moment ago, in this process and in memory. Bounded in number and in
time; it forgets at a word, and never believes what was looked up before that word came.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from casekeep.kernel.clock import Stretch

Proven = TypeVar("Proven")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Proven]):
    proven: Proven
    counts: Stretch
    rests_on: tuple[UUID, ...]


class Remembered(Generic[Proven]):
    """Proven facts by the SHA-256 of what proved them; `rests_on`: the ids that can be revoked."""

    def __init__(self, bound: int) -> None:
        """`bound`: how many facts at most; the one put in first goes first."""
        self._bound = bound
        self._entries: dict[bytes, _Entry[Proven]] = {}
        self._by_id: dict[UUID, set[bytes]] = {}
        self._open = False
        self.epoch = 0
        """Changes whenever anything is revoked: read it before looking a fact up."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes, now: datetime) -> Proven | None:
        """What is remembered, if it still counts."""
        entry = self._entries.get(key)
        return entry.proven if entry is not None and entry.counts.has(now) else None

    def put(
        self, key: bytes, proven: Proven, rests_on: tuple[UUID, ...], counts: Stretch, *, epoch: int
    ) -> None:
        """Remember while it `counts`, unless closed or something was revoked since `epoch`: it may
        have been this.
        """
        if not self._open or epoch != self.epoch:
            return
        self.drop(key)
        if len(self._entries) >= self._bound:
            self.drop(next(iter(self._entries)))
        self._entries[key] = _Entry(proven, counts, rests_on)
        for each in rests_on:
            self._by_id.setdefault(each, set()).add(key)

    def forget(self, revoked: UUID) -> None:
        """Forget everything that rests on a revoked id."""
        self.epoch += 1
        for key in tuple(self._by_id.get(revoked, ())):
            self.drop(key)

    def open(self) -> None:
        """Remember from now on: revocations are being heard."""
        self.epoch += 1
        self._open = True

    def close(self) -> None:
        """Forget all, and remember nothing: a revocation may pass unheard."""
        self.epoch += 1
        self._open = False
        self._entries.clear()
        self._by_id.clear()

    def drop(self, key: bytes) -> None:
        """Forget one fact."""
        entry = self._entries.pop(key, None)
        for each in entry.rests_on if entry else ():
            keys = self._by_id[each]
            keys.discard(key)
            if not keys:
                del self._by_id[each]
