"""The connection is cut while a commit is on its way: nobody knows whether it happened."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from casekeep.audit.log import AuditLog
from casekeep.blobs.local import LocalStore
from casekeep.cases.model import NewCase
from casekeep.db.database import Database
from casekeep.files.model import Category
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import Receiver
from casekeep.kernel.ids import CaseId, OrganizationId
from tests.files.room import LIMITS, Room, body, pdf
from tests.support.database import TestServer
from tests.support.factories import make_case, make_clinician, make_organization
from tests.support.wire import Cut, Wire, wire_to

NEW = NewCase("Pat Example", 44, "female")


async def cases(room: Room, organization_id: OrganizationId) -> list[CaseId]:
    async with room.db.transaction(organization_id) as tx:
        rows = await tx.fetch("select id from cases where organization_id = $1", organization_id)
    return [row["id"] for row in rows]


@pytest_asyncio.fixture
async def wire(test_server: TestServer) -> AsyncIterator[tuple[Wire, Database]]:
    async with wire_to(test_server.application_dsn) as wire:
        db = await Database.connect(wire.dsn, size=2)
        yield wire, db
        await db.close()


@pytest.fixture
def shaky(wire: tuple[Wire, Database], receiver: Receiver, room: Room, tmp_path: Path) -> Room:
    """A room whose database is behind the wire; `room` sees the same rows and bytes directly."""
    db, blobs = wire[1], LocalStore(tmp_path / "blobs")
    audit = AuditLog(db)
    receiving = Receiving(db, blobs, audit, LIMITS, receiver.number)
    return Room(db, blobs, audit, receiving, receiver.number, tmp_path / "blobs")


@pytest.mark.parametrize("names", [["one.pdf", "two.pdf"], []])
async def test_a_commit_that_happened_is_told_as_done(
    wire: tuple[Wire, Database], shaky: Room, room: Room, names: list[str]
) -> None:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    async with shaky.receiving.batch(clinician) as batch:
        for name in names:
            await batch.receive(name, body(pdf()), Category.LAB)
        wire[0].cut_at_commit("after the commit")
        case, files = await batch.keep_in_new_case(NEW)
    assert [file.name for file in files] == names
    assert await cases(room, clinician.organization_id) == [case.id]
    rows = await room.rows(clinician.organization_id)
    assert [(row["id"], row["state"], row["case_id"]) for row in rows] == [
        (file.id, "stored", case.id) for file in files
    ]
    assert {key.file_id for key in await room.keys(clinician.organization_id)} == {
        file.id for file in files
    }


@pytest.mark.parametrize("names", [["one.pdf"], []])
async def test_a_commit_that_did_not_happen_leaves_nothing(
    wire: tuple[Wire, Database], shaky: Room, room: Room, names: list[str]
) -> None:
    clinician = await make_clinician(room.db, await make_organization(room.db))

    async def upload() -> None:
        async with shaky.receiving.batch(clinician) as batch:
            for name in names:
                await batch.receive(name, body(pdf()), Category.LAB)
            wire[0].cut_at_commit("before the commit")
            await batch.keep_in_new_case(NEW)

    with pytest.raises(Exception, match="connection"):
        await upload()
    assert await room.is_empty(clinician.organization_id)
    assert await cases(room, clinician.organization_id) == []


@pytest.mark.parametrize("cut", ["before the commit", "after the commit"])
async def test_a_row_whose_commit_was_not_heard_of_is_discarded(
    wire: tuple[Wire, Database], shaky: Room, room: Room, cut: Cut
) -> None:
    clinician = await make_clinician(room.db, await make_organization(room.db))

    async def upload() -> None:
        async with shaky.receiving.batch(clinician) as batch:
            wire[0].cut_at_commit(cut)
            await batch.receive("one.pdf", body(pdf()), Category.LAB)

    with pytest.raises(Exception, match="connection"):
        await upload()
    assert await room.is_empty(clinician.organization_id)


async def test_a_kept_file_survives_when_not_even_the_question_gets_through(
    wire: tuple[Wire, Database], shaky: Room, room: Room
) -> None:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)

    async def upload() -> None:
        async with shaky.receiving.batch(clinician) as batch:
            await batch.receive("one.pdf", body(pdf()), Category.LAB)
            # The commit itself, the question what became of it, and the first try to discard.
            wire[0].cut_at_commit("after the commit", times=3)
            await batch.keep_in_case(
                case.id, category=Category.LAB, is_phi=True, is_restricted=False
            )

    with pytest.raises(Exception, match="connection"):
        await upload()
    await shaky.receiving.close()
    (row,) = await room.rows(clinician.organization_id)
    assert row["state"] == "stored"
    assert {key.file_id for key in await room.keys(clinician.organization_id)} == {row["id"]}
