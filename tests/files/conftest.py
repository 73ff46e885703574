"""The room fixture: every test of this folder works on real parts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from casekeep.audit.log import AuditLog
from casekeep.blobs.local import LocalStore
from casekeep.db.database import Database
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import Receiver, claim_receiver
from tests.files.room import LIMITS, Room


@pytest_asyncio.fixture(scope="session")
async def receiver(db: Database) -> AsyncIterator[Receiver]:
    claimed = await claim_receiver(db)
    yield claimed
    await claimed.close()


@pytest_asyncio.fixture
async def room(db: Database, receiver: Receiver, tmp_path: Path) -> AsyncIterator[Room]:
    audit = AuditLog(db)
    blobs = LocalStore(tmp_path / "blobs")
    receiving = Receiving(db, blobs, audit, LIMITS, receiver.number)
    yield Room(db, blobs, audit, receiving, receiver.number, tmp_path / "blobs")
    await receiving.close()
    await audit.close()
