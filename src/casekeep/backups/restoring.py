"""Restores a backup into a house that holds nothing yet: first the blobs, then the database in one
transaction. It never writes over anything, and goes on where a killed one stopped.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import groupby

from casekeep.backups import queries
from casekeep.backups.layout import blob_path
from casekeep.backups.manifests import Backup, blobs_of
from casekeep.backups.model import BackupDamaged, BackupNotPossible, BlobEntry, Gone
from casekeep.backups.parts import read_part
from casekeep.backups.progress import Progress
from casekeep.backups.restore_mark import RestoreMark
from casekeep.blobs.depots import Depot, DepotMissing
from casekeep.blobs.store import BlobKey, BlobMissing, BlobStore, RawStore
from casekeep.db.filling import Contents, look_into, open_filling
from casekeep.db.migrating import known_migrations, migrate_database
from casekeep.db.snapshots import Counter

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a backup is restored to: a data folder that carries the mark, the database by its
    owner's address and the application's, whether a migration makes the application's role (an
    administrator may keep it by hand), and the store for raw blobs.
    """

    mark: RestoreMark
    owner_dsn: str
    application_dsn: str
    makes_role: bool
    store: RawStore

    async def migrate(self, only: Collection[str] | None = None) -> None:
        """Bring the schema to this version's day, or to that of `only`."""
        role = self.application_dsn if self.makes_role else None
        await migrate_database(self.owner_dsn, role, only=only)


@dataclass(slots=True)
class Restored:
    """What came of it. `blobs`, `bytes`: what is there now; `damaged`: the files whose bytes in the
    backup are not what its list says, or are not there; `purged` and `missing`: files that the
    backup has no bytes of, as its manifest says.
    """

    blobs: int = 0
    bytes: int = 0
    rows: int = 0
    damaged: list[BlobKey] = field(default_factory=list[BlobKey])
    purged: int = 0
    missing: int = 0


async def restore_backup(
    depot: Depot, backup: Backup, to: Destination, progress: Progress
) -> Restored:
    """Restore `backup`; damaged files are left out and told.

    Raises BackupNotPossible when the destination holds anything, BackupDamaged when a part of the
    database is not what the manifest says, DepotUnavailable, StoreUnavailable, DatabaseNotUsable.
    """
    _check_migrations(backup)
    contents = await look_into(to.owner_dsn)
    if not to.mark.was_there:
        await _check_empty(to, contents)
    restored = Restored()
    gone = await _restore_blobs(depot, backup, to.store, progress, restored)
    if not contents.is_filled:
        _check_schema(backup, contents)
        await _restore_database(depot, backup, to, gone, progress, restored)
    await to.migrate()
    to.mark.remove()
    return restored


def _check_migrations(backup: Backup) -> None:
    unknown = set(backup.manifest.migrations) - known_migrations()
    if unknown:
        raise BackupNotPossible(
            f"the backup was taken by Casekeep {backup.manifest.casekeep}, whose schema this "
            f"version does not know ({min(unknown)}); install that version or a later one"
        )


def _check_schema(backup: Backup, contents: Contents) -> None:
    if set(contents.migrations) - set(backup.manifest.migrations):
        raise BackupNotPossible(
            "the database has a newer schema than the backup; give one without any"
        )


async def _check_empty(to: Destination, contents: Contents) -> None:
    found = "the store holds files" if await anext(aiter(to.store.keys()), None) else None
    if contents.is_filled:
        found = "the database holds records"
    if found is not None:
        to.mark.remove()
        raise BackupNotPossible(
            f"{found} already, and a restore writes over nothing; give an empty one"
        )


async def _restore_blobs(
    depot: Depot, backup: Backup, store: BlobStore, progress: Progress, restored: Restored
) -> list[BlobKey]:
    """Bring all blobs of the backup into the store; the keys of those that were purged."""
    progress.begin("files", backup.manifest.blobs.count, backup.manifest.blobs.bytes)
    gone: list[BlobKey] = []
    pending: deque[asyncio.Task[None]] = deque()
    arriving = _Arriving(depot, store, progress, restored)
    try:
        async for entry in blobs_of(depot, backup):
            if entry.gone is Gone.PURGED:
                gone.append(entry.key)
            elif entry.gone is None:
                pending.append(asyncio.create_task(arriving.bring(entry)))
            if len(pending) >= _AT_ONCE:
                await pending.popleft()
        while pending:
            await pending.popleft()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
    restored.purged = len(gone)
    restored.missing = backup.manifest.blobs.missing
    return gone


class _Arriving:
    """Brings single blobs."""

    def __init__(
        self, depot: Depot, store: BlobStore, progress: Progress, restored: Restored
    ) -> None:
        self._depot = depot
        self._store = store
        self._progress = progress
        self._restored = restored

    async def bring(self, entry: BlobEntry) -> None:
        """Make the blob lie in the store; a damaged one is noted, and leaves nothing there."""
        if await self._is_there(entry) or await self._is_copied(entry):
            self._restored.blobs += 1
            self._restored.bytes += entry.size
        else:
            self._restored.damaged.append(entry.key)
        self._progress.advance(1, entry.size)

    async def _is_there(self, entry: BlobEntry) -> bool:
        """Whether a killed restore brought it, whole; what it left of it else is removed."""
        digest = hashlib.sha256()
        try:
            if await self._store.size(entry.key) == entry.size:
                async for piece in self._store.read(entry.key, 0, entry.size):
                    digest.update(piece)
        except BlobMissing:
            pass
        if digest.hexdigest() == entry.sha256:
            return True
        await self._store.delete(entry.key)
        return False

    async def _is_copied(self, entry: BlobEntry) -> bool:
        try:
            async with self._store.receive(entry.key) as writer:
                async for piece in self._depot.read(blob_path(entry.key)):
                    await writer.write(piece)
                written = await writer.finish()
        except DepotMissing:
            return False
        if (written.size, written.sha256.hex()) == (entry.size, entry.sha256):
            return True
        await self._store.delete(entry.key)
        return False


async def _restore_database(  # noqa: PLR0917 - as in _restore_blobs, and what came of that
    depot: Depot,
    backup: Backup,
    to: Destination,
    gone: list[BlobKey],
    progress: Progress,
    restored: Restored,
) -> None:
    """The schema of the backup's day, then all rows in one transaction. `gone`: what was purged
    while the backup was taken, and is given up.
    """
    await to.migrate(backup.manifest.migrations)
    progress.begin("database", len(backup.manifest.tables), 0)
    async with open_filling(to.owner_dsn) as filling:
        for part in backup.manifest.tables:
            pieces = read_part(depot, backup.name, part)
            rows = await filling.copy_in(part.table, part.columns, pieces)
            if rows != part.rows:
                raise BackupDamaged(f"{backup.name}: {part.table} has lost rows")
            restored.rows += rows
            progress.advance(1, part.size)
        for each in backup.manifest.sequences:
            await filling.set_counter(Counter(each.name, each.value, each.is_called))
        for organization_id, keys in groupby(gone, lambda key: key.organization_id):
            file_ids = [key.file_id for key in keys]
            await filling.change(queries.GIVE_UP, organization_id, file_ids)
