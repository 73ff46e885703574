"""A process that receives a file up to some act, says so, and waits to be killed.

Arguments: application's URL, folder of the blobs, organisation, clinician, case, act.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from casekeep.audit.log import AuditLog
from casekeep.blobs.local import LocalStore
from casekeep.db.database import Database
from casekeep.files.model import Category, SizeLimits
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import claim_receiver
from casekeep.identity.model import Clinician
from casekeep.kernel.ids import CaseId, OrganizationId, UserId


async def reached(act: str) -> None:
    if act == sys.argv[6]:
        print("reached", flush=True)  # noqa: T201 - the test waits for this line
        await asyncio.Event().wait()


async def content() -> AsyncIterator[bytes]:
    await reached("before the first byte")
    yield b"%PDF-1.7\n" + bytes(1 << 20)
    await reached("half-way")
    yield bytes(1 << 20)


async def main() -> None:
    dsn, root, organization, clinician, case, _ = sys.argv[1:]
    db = await Database.connect(dsn, size=2)
    receiver = await claim_receiver(db)
    limits = SizeLimits(lab=1 << 23, radiology=1 << 23)
    receiving = Receiving(db, LocalStore(Path(root)), AuditLog(db), limits, receiver.number)
    actor = Clinician(OrganizationId(UUID(organization)), UserId(UUID(clinician)))
    async with receiving.batch(actor) as batch:
        await batch.receive("report.pdf", content(), Category.LAB)
        await reached("before keeping")
        await batch.keep_in_case(
            CaseId(UUID(case)), category=Category.LAB, is_phi=True, is_restricted=False
        )
        await reached("kept")


asyncio.run(main())
