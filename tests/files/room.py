"""A files room for tests: real database, real disk, and samples of what people upload."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from casekeep.audit.log import AuditLog
from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import BlobKey
from casekeep.db.database import Database
from casekeep.files.model import SizeLimits
from casekeep.files.receiving import Receiving
from casekeep.kernel.ids import OrganizationId

KIB = 1 << 10
LIMITS = SizeLimits(lab=100 * KIB, radiology=400 * KIB)


@dataclass(frozen=True)
class Room:
    db: Database
    blobs: LocalStore
    audit: AuditLog
    receiving: Receiving
    receiver: int
    root: Path

    async def rows(self, organization_id: OrganizationId) -> list[dict[str, Any]]:
        """Every file row of an organisation, in whatever state."""
        async with self.db.transaction(organization_id) as tx:
            found = await tx.fetch(
                "select * from files where organization_id = $1 order by id", organization_id
            )
        return [dict(row) for row in found]

    async def events(self, organization_id: OrganizationId) -> list[tuple[str, str]]:
        """Action and outcome of every recorded event, in order."""
        async with self.db.transaction(organization_id) as tx:
            found = await tx.fetch(
                """select action, outcome from audit_events where organization_id = $1
                   order by occurred_at, id""",
                organization_id,
            )
        return [(row["action"], row["outcome"]) for row in found]

    async def keys(self, organization_id: OrganizationId) -> set[BlobKey]:
        """Keys of everything on the disk for an organisation, finished or not."""
        found = self.blobs.keys()
        return {key async for key in found if key.organization_id == organization_id}

    async def content(self, key: BlobKey) -> bytes:
        size = await self.blobs.size(key)
        return b"".join([piece async for piece in self.blobs.read(key, 0, size)])

    async def is_empty(self, organization_id: OrganizationId) -> bool:
        """Whether neither rows nor bytes remain."""
        return not await self.rows(organization_id) and not await self.keys(organization_id)


async def body(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def pdf(text: str = "Blood count", size: int = 0) -> bytes:
    """A real PDF, padded with a comment to `size` bytes if it is smaller."""
    page = io.BytesIO()
    canvas = Canvas(page, invariant=1)
    canvas.drawString(100, 700, text)
    canvas.save()
    content = page.getvalue()
    return content + b"%" * (size - len(content))


def image(kind: str) -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "gray").save(picture, kind)
    return picture.getvalue()
