"""Damage for tests that look at findings, without harming a byte."""

from uuid import UUID

from casekeep.files.verifying.model import Checked, Damage, Judged
from casekeep.files.verifying.noting import note_judged
from casekeep.http.house import House
from casekeep.kernel.ids import FileId, OrganizationId


async def note_damage(house: House, organization_id: OrganizationId, file_id: str) -> None:
    """As if a check had found one of its files altered."""
    checked = Checked(house.db, house.blobs, house.audit)
    judged = [Judged(FileId(UUID(file_id)), Damage.ALTERED)]
    await note_judged(checked, organization_id, judged, deep=True)
