"""Files to check, ways to damage them, and what was written down of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import BlobKey
from casekeep.files.model import Category, StoredFile
from casekeep.files.verifying.model import Checked, Damage, Report
from casekeep.files.verifying.repairing import Repairing, Replica
from casekeep.files.verifying.verifying import verify_store
from casekeep.identity.model import Operator
from casekeep.kernel.ids import FileId, OrganizationId
from tests.files.room import Room, body, pdf
from tests.support.factories import make_case, make_organization


@dataclass(frozen=True)
class Shelf:
    """An organisation with files, over the room's store."""

    room: Room
    organization_id: OrganizationId
    files: tuple[StoredFile, ...]

    @property
    def checked(self) -> Checked:
        return Checked(self.room.db, self.room.blobs, self.room.audit)

    def key(self, at: int = 0) -> BlobKey:
        return BlobKey(self.organization_id, self.files[at].id)

    def path(self, at: int = 0) -> Path:
        return self.room.blobs._path(self.key(at))

    async def verify(
        self, *, deep: bool = True, repairing: Repairing | None = None, checked: Any = None
    ) -> Report:
        return await verify_store(
            checked or self.checked,
            [self.organization_id],
            deep=deep,
            everywhere=False,
            repairing=repairing,
            watching=lambda _: None,
        )

    async def findings(self) -> list[tuple[FileId, str, bool]]:
        """File, kind, and whether it is mended."""
        async with self.room.db.transaction(self.organization_id) as tx:
            rows = await tx.fetch("select * from findings order by id")
        return [(row["file_id"], row["kind"], row["mended_at"] is not None) for row in rows]

    async def recorded(self) -> list[tuple[str, FileId]]:
        """What the audit says of damage, in order."""
        async with self.room.db.transaction(self.organization_id) as tx:
            rows = await tx.fetch(
                """select action, file_id from audit_events
                   where action in ('file.damaged', 'file.repaired') order by occurred_at, id"""
            )
        return [(row["action"], row["file_id"]) for row in rows]


async def make_shelf(room: Room, count: int = 1) -> Shelf:
    organization_id = await make_organization(room.db)
    case = await make_case(room.db, organization_id)
    async with room.receiving.batch(Operator(organization_id)) as batch:
        for number in range(count):
            await batch.receive(f"report {number}.pdf", body(pdf(f"Report {number}")))
        files = await batch.keep_in_case(
            case.id, category=Category.LAB, is_phi=True, is_restricted=False
        )
    return Shelf(room, organization_id, files)


def flip(path: Path, at: int, bit: int = 0) -> None:
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def repairing_from(room: Room, replica: Path | None) -> Repairing:
    if replica is None:
        return Repairing(room.blobs, None)
    scratch = LocalStore(room.root.parent / "repairs")
    return Repairing(room.blobs, Replica(LocalStore(replica), scratch, lambda store: store))


def counts(report: Report) -> dict[str, int]:
    return {kind.value: count for kind, count in report.damaged.items() if count}


ALL = [damage.value for damage in Damage]
