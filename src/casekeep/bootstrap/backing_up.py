"""Puts together what backups need: the house's database and raw blobs on one side, a depot on the
other.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from casekeep.backups.manifests import Backup
from casekeep.backups.model import BackupNotPossible
from casekeep.backups.progress import Progress
from casekeep.backups.proving import Proof, prove_audits, prove_contents
from casekeep.backups.restore_mark import RestoreMark
from casekeep.backups.restoring import Destination, Restored, restore_backup
from casekeep.backups.taking import Source, Taken, take_backup
from casekeep.blobs.bucket import is_bucket
from casekeep.blobs.bucket_depot import bucket_depot
from casekeep.blobs.depots import Depot
from casekeep.blobs.folder_depot import FolderDepot
from casekeep.blobs.local import LocalStore
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.queries import deployment_key_ids
from casekeep.blobs.store import RawStore
from casekeep.blobs.vault import Vault
from casekeep.bootstrap.database import find_addresses, running_database
from casekeep.bootstrap.sealing import demand_all, open_deployment_keys
from casekeep.bootstrap.stores import open_store
from casekeep.db.addresses import Addresses, EmbeddedServer
from casekeep.db.database import Database
from casekeep.kernel.clock import utc_now
from casekeep.settings import Settings, SettingsNotValid


@dataclass(frozen=True, slots=True)
class Checked:
    """What a restore brought, and what a look at it proved; whether contents were opened for it."""

    restored: Restored
    proof: Proof
    are_opened: bool

    @property
    def is_whole(self) -> bool:
        """Whether all that the backup names is there, as it was."""
        proof = self.proof
        faults = (self.restored.damaged, proof.altered, proof.missing, proof.broken_audits)
        return not any(faults) and not self.restored.missing


def open_depot(place: str) -> Depot:
    """The depot of a folder, or of a bucket's URL, whose credentials are where its service's own
    tools look for them. Raises BackupNotPossible.
    """
    if is_bucket(place):
        return bucket_depot(place)
    if "://" in place:
        raise BackupNotPossible(
            f"{place!r} is no place for backups: give a folder, or s3://, gs:// or az://"
        )
    return FolderDepot(Path(place))


def back_up(settings: Settings, depot: Depot, progress: Progress) -> Taken:
    """Take a backup of this house, beside a running server or without one. Raises what
    `take_backup` and `running_database` raise.
    """
    with running_database(settings, keep=False) as database:
        return asyncio.run(_back_up(settings, database.addresses, depot, progress))


async def _back_up(
    settings: Settings, addresses: Addresses, depot: Depot, progress: Progress
) -> Taken:
    async with _door(addresses.application_dsn) as db:
        source = Source(
            addresses.owner_dsn, db, raw_store(settings), Path(settings.data) / "backing-up"
        )
        return await take_backup(
            source, depot, progress, clock=utc_now, version=version("casekeep")
        )


def restore(settings: Settings, depot: Depot, backup: Backup, progress: Progress) -> Checked:
    """Restore into the data folder, and into the database that settings name, both of which must be
    empty; then prove the audit. Raises what `restore_backup` raises.
    """
    mark = RestoreMark(Path(settings.data))
    mark.put(backup.digest)
    with _empty_database(settings, mark) as addresses:
        to = Destination(
            mark,
            addresses.owner_dsn,
            addresses.application_dsn,
            not settings.database_app_url,
            raw_store(settings),
        )
        return asyncio.run(_restore(depot, backup, to, progress))


def check(
    settings: Settings, depot: Depot, backup: Backup, scratch: Path | None, progress: Progress
) -> Checked:
    """Restore into a folder made for it (below `scratch`, or where temporary files go) with a
    server of its own, read everything, and remove it all. What is sealed is opened if the settings
    have the deployment's key. Raises what `restore_backup` raises.
    """
    folder = Path(tempfile.mkdtemp(prefix="casekeep-check-", dir=scratch))
    try:
        mark = RestoreMark(folder / "data")
        mark.put(backup.digest)
        with EmbeddedServer(mark.data, durable=False) as server:
            addresses = server.start_or_join(keep=False)
            store = LocalStore(mark.data / "blobs")
            to = Destination(mark, addresses.owner_dsn, addresses.application_dsn, True, store)
            return asyncio.run(_restore(depot, backup, to, progress, opened_by=settings))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _restore(
    depot: Depot,
    backup: Backup,
    to: Destination,
    progress: Progress,
    *,
    opened_by: Settings | None = None,
) -> Checked:
    restored = await restore_backup(depot, backup, to, progress)
    proof = Proof()
    async with _door(to.application_dsn) as db:
        await prove_audits(db, proof, progress)
        vault = await _vault(opened_by, db, to) if opened_by else None
        if vault:
            await prove_contents(db, vault, proof, progress)
    return Checked(restored, proof, are_opened=vault is not None)


async def _vault(settings: Settings, db: Database, to: Destination) -> Vault | None:
    """What opens the blobs of a scratch house; None without the deployment's key. Where no key is
    in use, that of the scratch folder serves, so that none is made anywhere else.
    """
    in_use = await deployment_key_ids(db)
    if not in_use:
        settings = Settings(data=str(to.mark.data))
    try:
        keys = await open_deployment_keys(settings, db)
        demand_all(settings, keys, in_use)
    except SettingsNotValid:
        return None
    return Vault(to.store, OrganizationKeys(db, keys))


def raw_store(settings: Settings) -> RawStore:
    """Where blobs lie, as they lie: sealed ones sealed."""
    return open_store(settings)


@contextmanager
def _empty_database(settings: Settings, mark: RestoreMark) -> Generator[Addresses, None, None]:
    if settings.database_url:
        yield find_addresses(settings)
        return
    with EmbeddedServer(mark.data) as server:
        yield server.start_or_join(keep=False)


@asynccontextmanager
async def _door(application_dsn: str) -> AsyncGenerator[Database, None]:
    db = await Database.connect(application_dsn, size=2)
    try:
        yield db
    finally:
        await db.close()
