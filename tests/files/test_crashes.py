"""A process is killed while it receives; the next sweep finds out what is nobody's."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from casekeep.files.model import Category
from casekeep.files.sweeping import sweep
from casekeep.identity.model import Clinician
from casekeep.kernel.ids import CaseId
from tests.files.room import Room, body, pdf
from tests.support.database import TestServer
from tests.support.factories import make_case, make_clinician, make_organization

PROGRAM = Path(__file__).with_name("uploading_process.py")


@asynccontextmanager
async def process_at(
    act: str, room: Room, dsn: str, clinician: Clinician, case_id: CaseId
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that has come as far as `act`."""
    ids = (clinician.organization_id, clinician.user_id, case_id)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        PROGRAM,
        dsn,
        room.root,
        *map(str, ids),
        act,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"reached\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def wait_until_locks_of_the_dead_are_gone(room: Room, clinician: Clinician) -> None:
    """The server notices a killed client when its socket closes, which is at once, but not now."""
    for _ in range(200):
        async with room.db.transaction(clinician.organization_id) as tx:
            held = await tx.fetch_value(
                """select exists (
                       select from pg_locks l join files f on f.receiver = l.objid
                       where l.locktype = 'advisory' and l.granted and f.organization_id = $1
                         and f.receiver <> $2)""",
                tx.organization_id,
                room.receiver,
            )
        if not held:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the locks of a killed process stay")


@pytest.mark.parametrize("act", ["before the first byte", "half-way", "before keeping"])
async def test_what_a_killed_process_was_receiving_goes(
    room: Room, test_server: TestServer, act: str
) -> None:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)
    dsn = test_server.application_dsn
    async with process_at(act, room, dsn, clinician, case.id) as process:
        await sweep(room.db, room.blobs)
        assert len(await room.rows(clinician.organization_id)) == 1, "swept while it arrives"
        process.kill()
        await process.wait()
        await wait_until_locks_of_the_dead_are_gone(room, clinician)
        async with room.receiving.batch(clinician) as batch:
            received = await batch.receive("mine.pdf", body(pdf()), Category.LAB)
            assert await sweep(room.db, room.blobs) == 1
            (row,) = await room.rows(clinician.organization_id)
            assert row["id"] == received.id, "only what the dead process received may go"
            assert {key.file_id for key in await room.keys(clinician.organization_id)} == {
                received.id
            }
    assert await room.is_empty(clinician.organization_id)


async def test_what_a_killed_process_had_kept_stays(room: Room, test_server: TestServer) -> None:
    await sweep(room.db, room.blobs)  # what other tests left
    clinician = await make_clinician(room.db, await make_organization(room.db))
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)
    async with process_at("kept", room, test_server.application_dsn, clinician, case.id) as process:
        process.kill()
        await process.wait()
    await wait_until_locks_of_the_dead_are_gone(room, clinician)
    assert await sweep(room.db, room.blobs) == 0
    (row,) = await room.rows(clinician.organization_id)
    (key,) = await room.keys(clinician.organization_id)
    assert (row["state"], row["id"]) == ("stored", key.file_id)
    assert await room.blobs.size(key) == row["size"]
