"""Takes a backup while others write: first the database at one moment, then every blob that it
names, then the manifest, without which all of it is nothing.
"""

import asyncio
import errno
import hashlib
import shutil
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from casekeep.backups import queries
from casekeep.backups.copying import Copying, Tally, named_in
from casekeep.backups.layout import BLOB_LIST, MANIFEST, name_of, table_path
from casekeep.backups.manifests import Backup, blobs_of, find_backups, unfinished
from casekeep.backups.model import (
    FORMAT,
    BackupNotPossible,
    BlobEntry,
    BlobsPart,
    Manifest,
    SequencePart,
    TablePart,
)
from casekeep.backups.parts import SpooledPart, read_file
from casekeep.backups.progress import Progress
from casekeep.blobs.depots import Depot
from casekeep.blobs.store import BlobStore
from casekeep.db.database import Database
from casekeep.db.snapshots import Snapshot, Table, open_snapshot
from casekeep.kernel.clock import Clock
from casekeep.kernel.locks import held_alone

_NAMED = "named-blobs"
"""The spool's list of the blobs that the snapshot names; no table is called so."""
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO}


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up: the database, by its owner's address and the application's door, and the
    store with the blobs as they lie. `spool`: a folder that nobody else uses, for parts on their
    way; what is in it is removed.
    """

    owner_dsn: str
    db: Database
    store: BlobStore
    spool: Path


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was taken, and what became of its blobs."""

    backup: Backup
    tally: Tally


@dataclass(frozen=True, slots=True)
class _Dumped:
    """A snapshot on its way: what its tables, sequences and migrations are."""

    taken_at: datetime
    migrations: tuple[str, ...]
    organizations: int
    tables: tuple[TablePart, ...]
    sequences: tuple[SequencePart, ...]


async def take_backup(
    source: Source, depot: Depot, progress: Progress, *, clock: Clock, version: str
) -> Taken:
    """Take a backup into `depot`. `version`: Casekeep's own.

    Raises BackupNotPossible, DepotUnavailable, StoreUnavailable, DatabaseNotUsable; then there is
    no new backup, and the next one goes on with the blobs that were copied.
    """
    with depot.hold(), _spool(source.spool):
        for name in await unfinished(depot):
            await depot.clear(name)
        earlier = await _newest(depot)
        taken_at = _moment_after(earlier, clock())
        name = name_of(taken_at)
        dumped = await _dump(source, depot, name, taken_at, progress)
        tally, blobs = await _copy_blobs(source, depot, name, earlier, progress)
        manifest = Manifest(
            format=FORMAT,
            casekeep=version,
            taken_at=dumped.taken_at,
            ended_at=max(clock(), taken_at),
            migrations=dumped.migrations,
            organizations=dumped.organizations,
            tables=dumped.tables,
            sequences=dumped.sequences,
            blobs=blobs,
        )
        written = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        await depot.put(f"{name}/{MANIFEST}", _once(written))
    return Taken(Backup(name, manifest, hashlib.sha256(written).hexdigest()), tally)


async def _newest(depot: Depot) -> Backup | None:
    found = await find_backups(depot)
    return found[-1] if found else None


def _moment_after(earlier: Backup | None, now: datetime) -> datetime:
    """Now, but a second after the newest backup at least, also where a clock that ran ahead has
    dated that one: what is restored is the newest, so that must be the last.
    """
    return now if earlier is None else max(now, earlier.manifest.taken_at + timedelta(seconds=1))


async def _dump(
    source: Source, depot: Depot, name: str, taken_at: datetime, progress: Progress
) -> _Dumped:
    """Write the database out as it is at one moment; no transaction waits for the depot."""
    async with open_snapshot(source.owner_dsn) as snapshot:
        progress.begin("database", len(snapshot.tables), 0)
        tables: list[TablePart] = []
        for table in snapshot.tables:
            tables.append(await _spool_table(snapshot, table, source.spool))
            progress.advance(1, tables[-1].size)
        await _spool_names(snapshot, source.spool / _NAMED)
        counters = await snapshot.counters()
    for part in tables:
        await depot.put(f"{name}/{part.path}", read_file(source.spool / part.table))
    return _Dumped(
        taken_at,
        snapshot.migrations,
        len(snapshot.organizations),
        tuple(tables),
        tuple(
            SequencePart(name=each.name, value=each.value, is_called=each.is_called)
            for each in counters
        ),
    )


async def _spool_table(snapshot: Snapshot, table: Table, spool: Path) -> TablePart:
    with SpooledPart(spool / table.name) as out:
        rows = await snapshot.copy_out(table, out.write)
        part = await out.settle(table_path(table.name))
    return TablePart(
        path=part.path,
        size=part.size,
        sha256=part.sha256,
        table=table.name,
        columns=table.columns,
        rows=rows,
    )


async def _spool_names(snapshot: Snapshot, file: Path) -> None:
    with file.open("xb") as out:

        async def sink(data: bytes) -> None:
            await asyncio.to_thread(out.write, data)

        await snapshot.copy_out_each(queries.NAMED_BLOBS, sink)


async def _copy_blobs(
    source: Source, depot: Depot, name: str, earlier: Backup | None, progress: Progress
) -> tuple[Tally, BlobsPart]:
    named = source.spool / _NAMED
    sizes = [each.size async for each in named_in(read_file(named))]
    progress.begin("files", len(sizes), sum(sizes))
    copying = Copying(source.db, source.store, depot, progress)
    with SpooledPart(source.spool / BLOB_LIST) as out:
        known = blobs_of(depot, earlier) if earlier else _none()
        await copying.run(named_in(read_file(named)), known, out)
        part = await out.settle(BLOB_LIST)
    await depot.put(f"{name}/{part.path}", read_file(source.spool / BLOB_LIST))
    tally = copying.tally
    return tally, BlobsPart(
        path=part.path,
        size=part.size,
        sha256=part.sha256,
        count=tally.count,
        bytes=tally.bytes,
        purged=tally.purged,
        missing=tally.missing,
    )


async def _none() -> AsyncGenerator[BlobEntry, None]:
    for entry in ():
        yield entry


async def _once(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


@contextmanager
def _spool(folder: Path) -> Generator[None]:
    """The spool, empty, for one backup at a time; it is removed in the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with held_alone(folder.with_name(f"{folder.name}.lock")) as held:
        if not held:
            raise BackupNotPossible(
                "another backup of this data folder is being taken; try again when it has ended"
            )
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(mode=0o700)
            yield
        except OSError as error:
            if error.errno not in _OF_THE_DISK:
                raise
            raise BackupNotPossible(
                f"the folder {folder.parent} says: {error.strerror}; a backup's parts are spooled "
                "there: make room for them, and run this again"
            ) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
