"""A database that does not answer, and does not refuse either, holds nobody up at the end."""

import asyncio

import pytest
from structlog.testing import capture_logs

from casekeep.audit.log import AuditLog
from casekeep.db.database import Database
from tests.audit.reading import LISTED, somebody
from tests.support.database import TestServer
from tests.support.factories import make_organization
from tests.support.wire import wire_to


@pytest.mark.parametrize("is_writing", [True, False])
async def test_closing_is_bounded_and_tells_what_is_lost(
    test_server: TestServer, monkeypatch: pytest.MonkeyPatch, is_writing: bool
) -> None:
    monkeypatch.setattr("casekeep.audit.notes._CLOSE_SECONDS", 0.2)
    monkeypatch.setattr("casekeep.db.database._LETTING_GO_SECONDS", 0.1)
    async with wire_to(test_server.application_dsn) as wire:
        database = await Database.connect(wire.dsn, size=2)
        organization_id = await make_organization(database)
        log = AuditLog(database)
        wire.silence()
        if is_writing:
            log.start()
        await log.note_listing(somebody(organization_id), LISTED)
        with capture_logs() as lines:
            async with asyncio.timeout(10):
                await log.close()
                await database.close()
        assert {"event": "audit.notes_lost", "log_level": "error", "count": 1} in lines
