"""Removes old backups by a plan such as `7d/4w/12m`, and then the blobs that no backup names. A
backup loses its manifest first: half of one is none.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from casekeep.backups.layout import BLOBS, MANIFEST
from casekeep.backups.manifests import Backup, blobs_of, find_backups, unfinished
from casekeep.backups.model import BackupNotPossible
from casekeep.backups.progress import Progress
from casekeep.blobs.depots import Depot

Period = Callable[[datetime], tuple[int, ...]]

_PERIODS: Final[dict[str, Period]] = {
    "d": lambda at: (at.year, at.month, at.day),
    "w": lambda at: at.isocalendar()[:2],
    "m": lambda at: (at.year, at.month),
    "y": lambda at: (at.year,),
}
_STEP = re.compile(r"([1-9][0-9]{0,3})([dwmy])")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to keep: of each kind of period, the newest backup of so many that have one."""

    steps: tuple[tuple[int, str], ...]

    def kept(self, backups: Sequence[Backup]) -> set[str]:
        """The names of those that stay. The newest always does."""
        newest_first = sorted(backups, key=lambda each: each.manifest.taken_at, reverse=True)
        kept = {each.name for each in newest_first[:1]}
        for count, period in self.steps:
            newest: dict[tuple[int, ...], str] = {}
            for each in newest_first:
                newest.setdefault(_PERIODS[period](each.manifest.taken_at), each.name)
            kept.update(list(newest.values())[:count])
        return kept


@dataclass(frozen=True, slots=True)
class Thinned:
    """What became of it: the names of the backups that stay and of those that went, and how many
    blobs went, with their bytes.
    """

    kept: tuple[str, ...]
    removed: tuple[str, ...]
    blobs: int
    bytes: int


def plan_from(text: str) -> Plan:
    """A plan as it is typed: `7d/4w/12m`. Raises BackupNotPossible."""
    steps = [_STEP.fullmatch(step) for step in text.split("/")]
    if not all(steps):
        raise BackupNotPossible(
            f"--keep {text!r}: numbers of days, weeks, months or years, such as 7d/4w/12m"
        )
    return Plan(tuple((int(step[1]), step[2]) for step in steps if step))


async def thin(depot: Depot, plan: Plan, progress: Progress) -> Thinned:
    """Remove what the plan does not keep. Safe to repeat, also after being killed.

    Raises BackupDamaged when the list of a backup that stays cannot be read: then nobody knows
    which blobs it needs, and none is removed. Raises DepotUnavailable.
    """
    with depot.hold():
        backups = await find_backups(depot)
        kept = plan.kept(backups)
        staying = tuple(each for each in backups if each.name in kept)
        going = tuple(each.name for each in backups if each.name not in kept)
        needed = await _needed(depot, staying)
        for name in going:
            await depot.delete(f"{name}/{MANIFEST}")
        for name in (*going, *await unfinished(depot)):
            await depot.clear(name)
        blobs, size = await _remove_but(depot, needed, progress)
    return Thinned(tuple(each.name for each in staying), going, blobs, size)


async def _needed(depot: Depot, backups: Sequence[Backup]) -> set[str]:
    """The ids of all files that some backup has the bytes of: about 150 bytes of memory each."""
    return {
        str(entry.file)
        for backup in backups
        async for entry in blobs_of(depot, backup)
        if entry.gone is None
    }


async def _remove_but(depot: Depot, needed: set[str], progress: Progress) -> tuple[int, int]:
    progress.begin("files", 0, 0)
    blobs = size = 0
    async for lying in depot.lying(BLOBS):
        if PurePosixPath(lying.path).name not in needed:
            await depot.delete(lying.path)
            blobs, size = blobs + 1, size + lying.size
        progress.advance(1, lying.size)
    return blobs, size
