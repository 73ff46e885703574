"""What the tests of ends share: a clinic whose clock can be put forward, and its usual acts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from casekeep.blobs.store import BlobKey, BlobStore
from casekeep.cases.holding import hold_case, hold_file, lift_hold
from casekeep.cases.model import CaseFacts, Hold
from casekeep.cases.removal import remove_case, restore_case
from casekeep.db.database import Tx
from casekeep.files.model import Category, StoredFile
from casekeep.files.removal import remove_file
from casekeep.files.restoring import restore_file
from casekeep.identity.model import Administrator, Clinician, Operator, Patient
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import CaseId, FileId, HoldId, OrganizationId
from casekeep.retention.certificates import Certificates
from casekeep.retention.model import Purged
from casekeep.retention.purging import Purging, purge
from casekeep.retention.scheduling import TermsChange, set_terms
from tests.files.room import Room
from tests.files.test_arranging import clinic
from tests.files.test_changing import add
from tests.support.factories import make_administrator

SEED = bytes(range(32))


@dataclass
class Ending:
    """A clinic of its own. `days`: how far its clock is put forward; `keys`: the files that have a
    key, as far as purging is told.
    """

    room: Room
    clinician: Clinician
    patient: Patient
    administrator: Administrator
    case: CaseFacts
    other_case: CaseFacts
    days: float = 0
    keys: set[FileId] = field(default_factory=set[FileId])
    stores: Sequence[BlobStore] = ()

    @property
    def organization_id(self) -> OrganizationId:
        return self.clinician.organization_id

    @property
    def operator(self) -> Operator:
        return Operator(self.organization_id)

    def clock(self) -> datetime:
        return utc_now() + timedelta(days=self.days)

    def parts(self, trash_days: int = 30) -> Purging:
        return Purging(
            self.room.db,
            self.room.audit,
            self.stores or (self.room.blobs,),
            self.destroy,
            Certificates(SEED),
            trash_days,
            self.clock,
        )

    async def destroy(self, _: Tx, file_ids: Sequence[FileId]) -> Sequence[FileId]:
        gone = [each for each in file_ids if each in self.keys]
        self.keys -= {*gone}
        return gone

    async def add(self, case_id: CaseId | None = None) -> StoredFile:
        return await add(self.room, self.clinician, case_id or self.case.id)

    async def remove(self, *files: StoredFile) -> None:
        for file in files:
            await remove_file(
                self.room.db, self.room.audit, self.clinician, file.id, clock=self.clock
            )

    async def restore(self, file: StoredFile) -> None:
        await restore_file(self.room.db, self.room.audit, self.clinician, file.id, clock=self.clock)

    async def remove_case(self) -> None:
        await remove_case(
            self.room.db, self.room.audit, self.clinician, self.case.id, clock=self.clock
        )

    async def restore_case(self) -> None:
        await restore_case(
            self.room.db, self.room.audit, self.clinician, self.case.id, clock=self.clock
        )

    async def purge(self) -> Purged:
        return await purge(self.parts(), self.organization_id)

    async def hold(self, what: StoredFile | CaseFacts, reason: str = "litigation 2026/17") -> Hold:
        db, audit = self.room.db, self.room.audit
        if isinstance(what, StoredFile):
            return await hold_file(db, audit, self.administrator, what.id, reason)
        return await hold_case(db, audit, self.administrator, what.number, reason)

    async def lift(self, hold_id: HoldId) -> Hold:
        return await lift_hold(self.room.db, self.room.audit, self.administrator, hold_id)

    async def set_terms(self, **change: int | None) -> None:
        category = None if "trash_days" in change else Category.LAB
        wanted = TermsChange(category=category, **change)
        await set_terms(self.room.db, self.room.audit, self.operator, wanted)

    async def row(self, file: StoredFile) -> dict[str, Any]:
        rows = await self.room.rows(self.organization_id)
        return next(each for each in rows if each["id"] == file.id)

    async def has_bytes(self, file: StoredFile) -> bool:
        key = BlobKey(self.organization_id, file.id)
        return key in await self.room.keys(self.organization_id)

    async def events(self) -> list[tuple[str, str]]:
        return await self.room.events(self.organization_id)

    async def destruction(self, file: StoredFile) -> dict[str, Any]:
        async with self.room.db.transaction(self.organization_id) as tx:
            row = await tx.fetch_row("select * from destructions where file_id = $1", file.id)
        assert row is not None
        return dict(row)


async def ending(room: Room) -> Ending:
    clinician, patient, case, other = await clinic(room)
    administrator = await make_administrator(room.db, clinician.organization_id)
    return Ending(room, clinician, patient, administrator, case, other)
