"""A process that takes or restores a backup and is killed at its n-th step.

Usage: python -m tests.backups.dying take|restore N OWNER_DSN APPLICATION_DSN DATA DEPOT
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterable
from pathlib import Path

from casekeep.backups.manifests import find_backup
from casekeep.backups.progress import Silent
from casekeep.backups.restore_mark import RestoreMark
from casekeep.backups.restoring import Destination, restore_backup
from casekeep.backups.taking import Source, take_backup
from casekeep.blobs.folder_depot import FolderDepot
from casekeep.blobs.local import LocalStore
from casekeep.db.database import Database
from casekeep.kernel.clock import utc_now


class Death:
    """Comes at the n-th step."""

    def __init__(self, at: int) -> None:
        self._left = at

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingDepot(FolderDepot):
    """Every piece that is read or written is a step, and so is every whole thing."""

    def __init__(self, root: Path, death: Death) -> None:
        super().__init__(root)
        self._death = death

    async def put(self, path: str, pieces: AsyncIterable[bytes]) -> None:
        self._death.step()
        await super().put(path, self._stepped(pieces))
        self._death.step()

    async def read(self, path: str) -> AsyncGenerator[bytes, None]:
        async for piece in self._stepped(super().read(path)):
            yield piece

    async def clear(self, folder: str) -> None:
        self._death.step()
        await super().clear(folder)

    async def _stepped(self, pieces: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
        async for piece in pieces:
            self._death.step()
            yield piece


class DyingProgress(Silent):
    def __init__(self, death: Death) -> None:
        self._death = death

    def begin(self, what: str, count: int, size: int) -> None:
        self._death.step()

    def advance(self, count: int, size: int) -> None:
        self._death.step()


async def main(*words: str) -> None:
    act, at, owner, application, data, place = words
    death = Death(int(at))
    depot, progress = DyingDepot(Path(place), death), DyingProgress(death)
    store = LocalStore(Path(data) / "blobs")
    if act == "take":
        db = await Database.connect(application, size=2)
        source = Source(owner, db, store, Path(data) / "backing-up")
        await take_backup(source, depot, progress, clock=utc_now, version="dying")
        await db.close()
    else:
        backup = await find_backup(depot, None)
        mark = RestoreMark(Path(data))
        mark.put(backup.digest)
        to = Destination(mark, owner, application, True, store)
        await restore_backup(depot, backup, to, progress)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
