"""Finds and reads what a depot holds: its backups, and the list of blobs of each."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import msgspec

from casekeep.backups.layout import MANIFEST, is_name
from casekeep.backups.model import FORMAT, BackupDamaged, BackupNotPossible, BlobEntry, Manifest
from casekeep.backups.parts import lines_of, read_part
from casekeep.blobs.depots import Depot, DepotMissing

_ENTRY = msgspec.json.Decoder(BlobEntry)


class _Written(msgspec.Struct):
    """What every manifest says first, however new it is."""

    format: int
    casekeep: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole backup: its name, its manifest, and the SHA-256 of the manifest's bytes in hex, which
    kept elsewhere proves later that nothing of the backup was changed.
    """

    name: str
    manifest: Manifest
    digest: str


async def find_backups(depot: Depot) -> tuple[Backup, ...]:
    """Every whole backup, oldest first. Raises BackupDamaged, DepotUnavailable."""
    found = [await _read(depot, name) for name in await depot.names("") if is_name(name)]
    return tuple(backup for backup in found if backup is not None)


async def find_backup(depot: Depot, name: str | None) -> Backup:
    """One backup, the newest if no name is given. Raises BackupNotPossible, DepotUnavailable."""
    if name is not None:
        backup = await _read(depot, name) if is_name(name) else None
        if backup is None:
            raise BackupNotPossible(
                f"there is no backup {name!r}; 'casekeep backup list' shows those that are there"
            )
        return backup
    for each in reversed(await depot.names("")):
        if is_name(each) and (backup := await _read(depot, each)):
            return backup
    raise BackupNotPossible("there is no backup; 'casekeep backup' takes one")


async def unfinished(depot: Depot) -> tuple[str, ...]:
    """The folders of backups that were begun and have no manifest."""
    names = [name for name in await depot.names("") if is_name(name)]
    return tuple([name for name in names if await _bytes_of(depot, name) is None])


async def blobs_of(depot: Depot, backup: Backup) -> AsyncGenerator[BlobEntry, None]:
    """The blobs of a backup in their order: by organisation, shard and id. Raises BackupDamaged."""
    try:
        async for line in lines_of(read_part(depot, backup.name, backup.manifest.blobs)):
            yield _ENTRY.decode(line)
    except msgspec.DecodeError:
        raise BackupDamaged(f"the list of files of {backup.name} was altered") from None


async def _read(depot: Depot, name: str) -> Backup | None:
    written = await _bytes_of(depot, name)
    if written is None:
        return None
    try:
        said = msgspec.json.decode(written, type=_Written)
        if said.format > FORMAT:
            raise BackupNotPossible(
                f"{name} was taken by Casekeep {said.casekeep}, which is newer than this one; "
                "install that version or a later one"
            )
        manifest = msgspec.json.decode(written, type=Manifest)
    except msgspec.DecodeError:
        raise BackupDamaged(f"the manifest of {name} was altered") from None
    return Backup(name, manifest, hashlib.sha256(written).hexdigest())


async def _bytes_of(depot: Depot, name: str) -> bytes | None:
    try:
        return b"".join([piece async for piece in depot.read(f"{name}/{MANIFEST}")])
    except DepotMissing:
        return None
