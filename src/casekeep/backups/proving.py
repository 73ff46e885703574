"""Proves that a restored house is whole: the audit of every organisation, and the content of every
file against its row.
"""

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from casekeep.audit.verification import verify
from casekeep.backups import queries
from casekeep.backups.progress import Progress
from casekeep.blobs.store import BlobAltered, BlobKey, BlobMissing, BlobStore, StoreUnavailable
from casekeep.db.database import Database
from casekeep.db.organizations import organization_ids
from casekeep.kernel.ids import FileId, OrganizationId

_PAGE = 200


@dataclass(slots=True)
class Proof:
    """What was found: `events` and `files` that are good, the organisations whose audit is broken,
    and the files whose content is not what their row says.
    """

    events: int = 0
    files: int = 0
    broken_audits: list[OrganizationId] = field(default_factory=list[OrganizationId])
    altered: list[BlobKey] = field(default_factory=list[BlobKey])
    missing: list[BlobKey] = field(default_factory=list[BlobKey])


async def prove_audits(db: Database, proof: Proof, progress: Progress) -> None:
    """Walk every organisation's chain of audit events."""
    organizations = await organization_ids(db)
    progress.begin("audit", len(organizations), 0)
    for organization_id in organizations:
        verdict = await verify(db, organization_id)
        proof.events += verdict.count
        if not verdict.ok:
            proof.broken_audits.append(organization_id)
        progress.advance(1, 0)


async def prove_contents(db: Database, blobs: BlobStore, proof: Proof, progress: Progress) -> None:
    """Read every stored file through `blobs`, which opens what is sealed."""
    progress.begin("contents", 0, 0)
    for organization_id in await organization_ids(db):
        after = FileId(UUID(int=0))
        while True:
            async with db.transaction(organization_id) as tx:
                page = await queries.stored_files(tx, after, _PAGE)
            for file_id, size, sha256 in page:
                await _prove(blobs, BlobKey(organization_id, file_id), size, sha256, proof)
                progress.advance(1, size)
            if len(page) < _PAGE:
                break
            after = page[-1][0]


async def _prove(blobs: BlobStore, key: BlobKey, size: int, sha256: bytes, proof: Proof) -> None:
    digest = hashlib.sha256()
    try:
        if await blobs.size(key) == size:
            async for piece in blobs.read(key, 0, size):
                digest.update(piece)
    except BlobMissing:
        proof.missing.append(key)
        return
    except (BlobAltered, StoreUnavailable):
        pass
    if digest.digest() == sha256:
        proof.files += 1
    else:
        proof.altered.append(key)
