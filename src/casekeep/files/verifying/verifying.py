"""One check of everything, from the beginning to its end, which an operator asked for. It may run
beside a server, and says what it found as it goes.
"""

from collections.abc import Sequence
from typing import NamedTuple

from casekeep.blobs.store import BlobKey
from casekeep.files.verifying import queries
from casekeep.files.verifying.judging import judge
from casekeep.files.verifying.model import (
    Checked,
    Damage,
    Found,
    Judged,
    OnRecord,
    Report,
    Watching,
)
from casekeep.files.verifying.noting import note_gone, note_judged
from casekeep.files.verifying.repairing import Repairing
from casekeep.files.verifying.walking import as_orphans, judge_page, orphans, page_of
from casekeep.kernel.ids import FileId, OrganizationId

_AT_ONCE = 200


class Totals(NamedTuple):
    """How much there is to look at."""

    files: int
    bytes: int


async def count_stored(checked: Checked, organizations: Sequence[OrganizationId]) -> Totals:
    """How much these organisations have stored."""
    files = size = 0
    for organization_id in organizations:
        async with checked.db.transaction(organization_id) as tx:
            of_one = await queries.totals(tx)
        files, size = files + of_one[0], size + of_one[1]
    return Totals(files, size)


async def verify_store(
    checked: Checked,
    organizations: Sequence[OrganizationId],
    *,
    deep: bool,
    everywhere: bool,
    repairing: Repairing | None,
    watching: Watching,
) -> Report:
    """Compare rows and bytes, both ways, and write down what is found. `deep`: read every byte;
    `everywhere`: these are all organisations there are, so bytes of any other are nobody's;
    `repairing`: mends what can be mended.

    Raises StoreUnavailable when the store cannot even be listed.
    """
    work = _Verifying(checked, organizations, deep, repairing, watching, Report())
    began_at = checked.clock()
    for organization_id in organizations:
        await work.files_of(organization_id)
    async for keys in orphans(checked, None if everywhere else set(organizations)):
        await work.orphaned(keys)
    for organization_id in organizations:
        await note_gone(checked, organization_id, began_at)
    return work.report


class _Verifying(NamedTuple):
    checked: Checked
    organizations: Sequence[OrganizationId]
    deep: bool
    repairing: Repairing | None
    watching: Watching
    report: Report

    async def files_of(self, organization_id: OrganizationId) -> None:
        after: FileId | None = None
        while page := await page_of(self.checked, organization_id, after, _AT_ONCE):
            await self._page(organization_id, page)
            after = page[-1].id

    async def _page(self, organization_id: OrganizationId, page: Sequence[OnRecord]) -> None:
        judged = await judge_page(
            self.checked, organization_id, page, deep=self.deep, pacing=self._count_bytes
        )
        await note_judged(self.checked, organization_id, judged, deep=self.deep)
        records = {record.id: record for record in page}
        for each in judged:
            if each.damage is not None:
                key = BlobKey(organization_id, each.file_id)
                repaired = await self._repaired(key, records[each.file_id])
                self.report.add(Found(organization_id, each.file_id, each.damage, repaired))
        self.report.files += len(judged)
        self.watching(self.report)

    async def _repaired(self, key: BlobKey, record: OnRecord) -> bool:
        """Whether damage could be mended, and was, which a second look has to say."""
        if self.repairing is None or not await self.repairing.replace(key, record):
            return False
        again = await judge(self.checked.blobs, key, record, deep=True)
        judged = [Judged(key.file_id, again)]
        await note_judged(self.checked, key.organization_id, judged, deep=True)
        return again is None

    async def orphaned(self, keys: Sequence[BlobKey]) -> None:
        if not keys:
            return
        organization_id = keys[0].organization_id
        has_home = organization_id in self.organizations
        if has_home:
            await note_judged(self.checked, organization_id, as_orphans(keys), deep=False)
        for key in keys:
            removed = self.repairing is not None and await self.repairing.remove_orphan(
                self.checked, key, has_home=has_home
            )
            self.report.add(Found(organization_id, key.file_id, Damage.ORPHANED, removed))
        self.watching(self.report)

    async def _count_bytes(self, size: int) -> None:
        self.report.bytes += size
        self.watching(self.report)
