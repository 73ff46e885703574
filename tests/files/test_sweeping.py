import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from casekeep.blobs.store import BlobKey, StoreUnavailable
from casekeep.db.database import Database
from casekeep.files.discarding import Discarded, discard
from casekeep.files.model import Category
from casekeep.files.sweeping import Receiver, claim_receiver, sweep
from casekeep.identity.model import Clinician
from casekeep.kernel.ids import FileId, new_id
from tests.audit.reading import owner_of
from tests.files.room import Room, body, pdf
from tests.support.database import TestServer
from tests.support.factories import make_case, make_clinician, make_file_row, make_organization
from tests.support.wire import wire_to

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
    one = await make_clinician(room.db, await make_organization(room.db))
    other = await make_clinician(room.db, await make_organization(room.db))
    case = await make_case(room.db, one.organization_id, clinician_id=one.user_id)
    stored = await make_file_row(room.db, case)
    await leave_behind(room, one, "receiving", NOBODYS)
    await leave_behind(room, one, "discarded", room.receiver)
    await leave_behind(room, other, "receiving", NOBODYS)
    mine = await leave_behind(room, other, "receiving", room.receiver)
    for _ in range(2):
        await sweep(room.db, room.blobs)
        assert [row["id"] for row in await room.rows(one.organization_id)] == [stored]
        assert [row["id"] for row in await room.rows(other.organization_id)] == [mine.file_id]
        assert await room.keys(one.organization_id) == set()
        assert await room.keys(other.organization_id) == {mine}


async def test_more_than_one_round_is_swept(room: Room) -> None:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    async with room.db.transaction(clinician.organization_id) as tx:
        await tx.execute(
            """insert into files (id, organization_id, name, is_phi, receiver)
               select gen_random_uuid(), $1, 'x', true, $2 from generate_series(1, 1203)""",
            tx.organization_id,
            NOBODYS,
        )
    await sweep(room.db, room.blobs)
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
    assert await discard(room.db, room.blobs, clinician.organization_id, [file.id]) == Discarded(0)
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


async def test_a_number_is_held_as_soon_as_the_database_is_back(
    db: Database, test_server: TestServer
) -> None:
    async with wire_to(test_server.application_dsn) as wire:
        wired = await Database.connect(wire.dsn, size=1)
        await wire.cut()
        receiver = await claim_receiver(wired)
        assert await holder(db, receiver) is None
        await wire.mend()
        async with asyncio.timeout(20):
            while await holder(db, receiver) is None:  # noqa: ASYNC110 - another process decides
                await asyncio.sleep(0.02)
        await receiver.close()
        await wired.close()


async def test_a_disk_that_refuses_is_tried_again(room: Room, tmp_path: Path) -> None:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    key = await leave_behind(room, clinician, "discarded", NOBODYS)
    with not_deletable(room, key, tmp_path):
        await sweep(room.db, room.blobs)
        assert len(await room.rows(clinician.organization_id)) == 1
    await sweep(room.db, room.blobs)
    assert await room.is_empty(clinician.organization_id)


async def test_bytes_that_cannot_go_hold_up_no_others(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casekeep.files.queries_receiving._AT_ONCE", 2)
    clinicians = [await make_clinician(room.db, await make_organization(room.db)) for _ in range(2)]
    bad = [await leave_behind(room, clinicians[0], "discarded", NOBODYS) for _ in range(3)]
    for clinician in clinicians:
        for _ in range(3):
            await leave_behind(room, clinician, "discarded", NOBODYS)
    with ExitStack() as spoilt:
        for number, key in enumerate(bad):
            spoilt.enter_context(not_deletable(room, key, tmp_path / str(number)))
        await sweep(room.db, room.blobs)
        left = {row["id"] for row in await room.rows(clinicians[0].organization_id)}
        assert left == {key.file_id for key in bad}
        assert await room.is_empty(clinicians[1].organization_id)
    await sweep(room.db, room.blobs)
    assert await room.is_empty(clinicians[0].organization_id)


async def test_an_organisation_that_cannot_be_swept_stops_no_other(
    room: Room, test_server: TestServer
) -> None:
    clinicians = [await make_clinician(room.db, await make_organization(room.db)) for _ in range(2)]
    for clinician in clinicians:
        await leave_behind(room, clinician, "discarded", NOBODYS)
    # Ids are swept in their order, so the first one comes before the second.
    async with owner_of(test_server.owner_dsn, clinicians[0].organization_id) as owner:
        function, trigger = "refuse_to_sweep", "refuse_to_sweep"
        await owner.execute(
            f"""create function {function}() returns trigger language plpgsql as $$
                begin raise exception 'not this one'; end $$"""
        )
        await owner.execute(
            f"""create trigger {trigger} before delete on files for each row
                when (old.organization_id = '{clinicians[0].organization_id}')
                execute function {function}()"""
        )
        try:
            await sweep(room.db, room.blobs)
        finally:
            await owner.execute(f"drop function {function}() cascade")
    assert len(await room.rows(clinicians[0].organization_id)) == 1
    assert await room.is_empty(clinicians[1].organization_id)


@contextmanager
def not_deletable(room: Room, key: BlobKey, aside: Path) -> Iterator[None]:
    """The disk does not let go of these bytes: a folder stands where they were."""
    blob = next(room.root.rglob(str(key.file_id)))
    aside.mkdir(exist_ok=True)
    blob.rename(aside / "bytes")
    blob.mkdir()
    (blob / "in the way").touch()
    try:
        yield
    finally:
        (blob / "in the way").unlink()
        blob.rmdir()
        (aside / "bytes").rename(blob)
