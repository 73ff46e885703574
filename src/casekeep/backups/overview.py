"""What a depot holds, for people: each backup, and whether it still has files that the house has
destroyed since.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from casekeep.backups import queries
from casekeep.backups.manifests import Backup, blobs_of, find_backups
from casekeep.blobs.depots import Depot
from casekeep.blobs.store import BlobKey
from casekeep.db.database import Database
from casekeep.kernel.ids import FileId, OrganizationId

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """A backup; `purged`: how many files it holds that the house holds no more, None if there is no
    house to ask.
    """

    backup: Backup
    purged: int | None


async def show_backups(depot: Depot, db: Database | None) -> tuple[Shown, ...]:
    """Every whole backup, oldest first. `db`: the house that they are of, if it can be asked.

    Raises BackupDamaged, DepotUnavailable.
    """
    return tuple(
        [
            Shown(backup, await _purged(depot, backup, db) if db else None)
            for backup in await find_backups(depot)
        ]
    )


async def _purged(depot: Depot, backup: Backup, db: Database) -> int:
    purged = 0
    async for organization_id, file_ids in _pages(depot, backup):
        async with db.transaction(organization_id) as tx:
            purged += len(file_ids) - len(await queries.stored_among(tx, file_ids))
    return purged


async def _pages(
    depot: Depot, backup: Backup
) -> AsyncGenerator[tuple[OrganizationId, list[FileId]], None]:
    """The files that a backup has the bytes of, some of one organisation at a time."""
    page: list[BlobKey] = []
    async for entry in blobs_of(depot, backup):
        if entry.gone is not None:
            continue
        if page and (page[0].organization_id != entry.organization or len(page) >= _PAGE):
            yield page[0].organization_id, [key.file_id for key in page]
            page = []
        page.append(entry.key)
    if page:
        yield page[0].organization_id, [key.file_id for key in page]
