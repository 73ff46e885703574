import asyncio
from pathlib import Path

import pytest

from casekeep.blobs.store import BlobKey, StoreUnavailable
from casekeep.db.database import Database
from casekeep.files.discarding import discard
from casekeep.files.model import Category
from casekeep.files.sweeping import Receiver, claim_receiver, sweep
from casekeep.identity.model import Clinician
from casekeep.kernel.ids import FileId, new_id
from tests.files.room import Room, body, pdf
from tests.support.factories import make_case, make_clinician, make_file_row, make_organization

NOBODYS = 1


async def leave_behind(room: Room, clinician: Clinician, state: str, receiver: int) -> BlobKey:
    """A row in `state` and its bytes, as a crash leaves them."""
    key = BlobKey(clinician.organization_id, FileId(new_id()))
    async with room.db.transaction(clinician.organization_id) as tx:
        await tx.execute(
            """insert into files (id, organization_id, name, is_phi, state, receiver)
               values ($1, $2, 'report.pdf', true, $3, $4)""",
            key.file_id,
            key.organization_id,
            state,
            receiver,
        )
    async with room.blobs.receive(key) as writer:
        await writer.write(pdf())
        await writer.finish()
    return key


async def test_it_finishes_what_was_given_up_and_what_is_nobodys(room: Room) -> None:
    await sweep(room.db, room.blobs)  # what other tests left
    one = await make_clinician(room.db, await make_organization(room.db))
    other = await make_clinician(room.db, await make_organization(room.db))
    case = await make_case(room.db, one.organization_id, clinician_id=one.user_id)
    stored = await make_file_row(room.db, case)
    await leave_behind(room, one, "receiving", NOBODYS)
    await leave_behind(room, one, "discarded", room.receiver)
    await leave_behind(room, other, "receiving", NOBODYS)
    mine = await leave_behind(room, other, "receiving", room.receiver)
    assert await sweep(room.db, room.blobs) == 3
    assert [row["id"] for row in await room.rows(one.organization_id)] == [stored]
    assert [row["id"] for row in await room.rows(other.organization_id)] == [mine.file_id]
    assert await room.keys(one.organization_id) == set()
    assert await room.keys(other.organization_id) == {mine}
    assert await sweep(room.db, room.blobs) == 0


async def test_more_than_one_round_is_swept(room: Room) -> None:
    await sweep(room.db, room.blobs)  # what other tests left
    clinician = await make_clinician(room.db, await make_organization(room.db))
    async with room.db.transaction(clinician.organization_id) as tx:
        await tx.execute(
            """insert into files (id, organization_id, name, is_phi, receiver)
               select gen_random_uuid(), $1, 'x', true, $2 from generate_series(1, 1203)""",
            tx.organization_id,
            NOBODYS,
        )
    assert await sweep(room.db, room.blobs) == 1203
    assert await room.is_empty(clinician.organization_id)


async def test_sweeps_at_once_do_each_file_once(room: Room) -> None:
    await sweep(room.db, room.blobs)  # what other tests left
    clinician = await make_clinician(room.db, await make_organization(room.db))
    for _ in range(10):
        await leave_behind(room, clinician, "receiving", NOBODYS)
    counts = await asyncio.gather(*(sweep(room.db, room.blobs) for _ in range(4)))
    assert sum(counts) == 10
    assert await room.is_empty(clinician.organization_id)


async def test_stored_files_are_never_discarded(room: Room) -> None:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)
    async with room.receiving.batch(clinician) as batch:
        await batch.receive("report.pdf", body(pdf()), Category.LAB)
        (file,) = await batch.keep_in_case(
            case.id, category=Category.LAB, is_phi=True, is_restricted=False
        )
    assert await discard(room.db, room.blobs, clinician.organization_id, [file.id]) == 0
    (key,) = await room.keys(clinician.organization_id)
    assert key.file_id == file.id


async def test_an_upload_that_was_swept_under_its_feet_fails_whole(room: Room) -> None:
    """It can happen while the connection that holds the receiver's number is being renewed."""
    clinician = await make_clinician(room.db, await make_organization(room.db))
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)

    async def upload() -> None:
        async with room.receiving.batch(clinician) as batch:
            received = await batch.receive("report.pdf", body(pdf()), Category.LAB)
            await discard(room.db, room.blobs, clinician.organization_id, [received.id])
            await batch.keep_in_case(
                case.id, category=Category.LAB, is_phi=True, is_restricted=False
            )

    with pytest.raises(StoreUnavailable):
        await upload()
    assert await room.is_empty(clinician.organization_id)


async def holder(db: Database, receiver: Receiver) -> int | None:
    """The server process that holds the lock of a receiver's number, if one does."""
    rows = await db.fetch_unscoped(
        """select pid from pg_locks
           where locktype = 'advisory' and granted and objid = $1::bigint::oid
             and database = (select oid from pg_database where datname = current_database())""",
        receiver.number,
    )
    return rows[0]["pid"] if rows else None


async def test_a_number_is_held_until_it_is_let_go(db: Database) -> None:
    one, other = await claim_receiver(db), await claim_receiver(db)
    assert one.number != other.number
    assert await holder(db, one) is not None
    await one.close()
    await other.close()
    assert await holder(db, one) is None


async def test_a_number_is_claimed_again_when_its_connection_is_lost(db: Database) -> None:
    receiver = await claim_receiver(db)
    lost = await holder(db, receiver)
    await db.fetch_unscoped("select pg_terminate_backend($1)", lost)
    async with asyncio.timeout(20):
        while await holder(db, receiver) in {None, lost}:  # noqa: ASYNC110 - another process decides
            await asyncio.sleep(0.02)
    await receiver.close()
    assert await holder(db, receiver) is None


async def test_a_disk_that_refuses_is_tried_again(room: Room, tmp_path: Path) -> None:
    await sweep(room.db, room.blobs)  # what other tests left
    clinician = await make_clinician(room.db, await make_organization(room.db))
    key = await leave_behind(room, clinician, "discarded", NOBODYS)
    shard = next(path for path in room.root.rglob(str(key.file_id))).parent
    aside = tmp_path / "aside"
    shard.rename(aside)
    shard.write_text("a file where the folder should be")
    assert await sweep(room.db, room.blobs) == 0
    assert len(await room.rows(clinician.organization_id)) == 1
    shard.unlink()
    aside.rename(shard)
    assert await sweep(room.db, room.blobs) == 1
    assert await room.is_empty(clinician.organization_id)
