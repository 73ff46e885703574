import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import BlobKey, BlobMissing, StoreUnavailable
from casekeep.cases import queries as cases
from casekeep.files.listing import list_case_files
from casekeep.files.model import Category
from casekeep.files.opening import open_by_url_path
from casekeep.files.removal import remove_file
from casekeep.files.restoring import list_trash
from casekeep.files.uploads.beginning import begin_upload
from casekeep.files.uploads.continuing import receive_part
from casekeep.files.uploads.kit import open_uploads
from casekeep.files.uploads.model import Arrival, NewUpload, UploadLimits
from casekeep.kernel.clock import Steadiness, utc_now
from casekeep.kernel.errors import CaseNotVisible, FileNotVisible
from casekeep.retention.certificates import check_certificate
from casekeep.retention.model import Due, Purged
from casekeep.retention.purging import purge, what_is_due
from casekeep.retention.queries import used_certificate_keys
from casekeep.retention.rounds import go_round, purge_forever
from tests.files.room import Room, body, pdf
from tests.retention.ending import Ending, ending
from tests.support.disks import disk_away

NOTHING = Purged(Due(), 0, 0)


@pytest.fixture
async def clinic(room: Room) -> Ending:
    return await ending(room)


async def test_what_was_in_the_trash_long_enough_is_gone_for_good(clinic: Ending) -> None:
    kept, removed = await clinic.add(), await clinic.add()
    clinic.keys = {removed.id}
    await clinic.remove(removed)
    clinic.days = 29.9
    assert await clinic.purge() == NOTHING
    clinic.days = 30.1
    assert await what_is_due(clinic.parts(), clinic.organization_id) == Due(0, 0, 1, removed.size)
    assert await clinic.purge() == Purged(Due(0, 0, 1, removed.size), 1, 0)
    assert await clinic.purge() == NOTHING
    assert (await clinic.has_bytes(removed), await clinic.has_bytes(kept)) == (False, True)
    assert clinic.keys == set()
    with pytest.raises(FileNotVisible):
        await clinic.restore(removed)
    assert (await clinic.events())[-2:] == [("file.purged", "done"), ("file.restored", "refused")]
    shown = await list_case_files(
        clinic.room.db, clinic.room.audit, clinic.clinician, clinic.case.id
    )
    assert shown == (kept,)


async def test_a_tombstone_has_no_health_data(clinic: Ending) -> None:
    removed = await clinic.add()
    await clinic.remove(removed)
    clinic.days = 31
    await clinic.purge()
    row = await clinic.row(removed)
    assert row["state"] == "purged"
    said = {"name", "url_path", "media_type", "size", "sha256", "patient_id", "uploaded_by"}
    assert {row[each] for each in said} == {None}


async def test_a_certificate_says_what_went_and_why(clinic: Ending) -> None:
    removed = await clinic.add()
    clinic.keys = {removed.id}
    await clinic.remove(removed)
    clinic.days = 31
    await clinic.purge()
    found = await clinic.destruction(removed)
    checked = check_certificate(found["certificate"].encode(), None)
    file, destruction = checked.certificate["file"], checked.certificate["destruction"]
    assert (file["id"], file["case_id"]) == (str(removed.id), str(clinic.case.id))
    assert (file["size"], file["sha256"]) == (removed.size, removed.sha256.hex())
    assert file["removed_by"] == str(clinic.clinician.user_id)
    assert destruction["reason"] == "trash"
    assert None not in destruction.values()
    assert removed.name not in found["certificate"]
    assert json.loads(found["certificate"])["signature"]["algorithm"] == "Ed25519"
    assert checked.public_key in await used_certificate_keys(clinic.room.db)


async def test_a_file_that_was_never_sealed_is_certified_as_such(clinic: Ending) -> None:
    removed = await clinic.add()
    await clinic.remove(removed)
    clinic.days = 31
    await clinic.purge()
    certified = json.loads((await clinic.destruction(removed))["certificate"])["certificate"]
    assert certified["destruction"]["key_destroyed_at"] is None


async def test_a_case_goes_with_its_files_and_all_that_is_said_of_its_patient(
    clinic: Ending,
) -> None:
    before, with_it = await clinic.add(), await clinic.add()
    await clinic.remove(before)
    async with clinic.room.db.transaction(clinic.organization_id) as tx:
        for statement in (
            """insert into case_answers (organization_id, id, case_id, position, question)
               values ($1, gen_random_uuid(), $2, 1, '{}')""",
            """insert into communications
                   (organization_id, id, case_id, text, is_restricted, author_email)
               values ($1, gen_random_uuid(), $2, 'a word', false, 'a@example.org')""",
        ):
            await tx.execute(statement, clinic.organization_id, clinic.case.id)
    await clinic.remove_case()
    clinic.days = 31
    assert await clinic.purge() == Purged(Due(0, 1, 2, before.size + with_it.size), 2, 0)
    async with clinic.room.db.transaction(clinic.organization_id) as tx:
        row = await tx.fetch_row(
            """select patient_name, patient_age, patient_gender, summary, patient_id, form_id,
                      (select count(*) from communications where case_id = $2)
                      + (select count(*) from case_answers where case_id = $2) as words
               from cases where organization_id = $1 and id = $2""",
            clinic.organization_id,
            clinic.case.id,
        )
        assert row is not None
        assert tuple(row) == (*(None,) * 6, 0)
        assert await cases.case_facts(tx, clinic.case.number, lock=False) is None
    with pytest.raises(CaseNotVisible):
        await clinic.restore_case()
    trash = await list_trash(clinic.room.db, clinic.room.audit, clinic.clinician)
    assert (trash.cases, trash.files) == ((), ())
    purged = [event for event, _ in await clinic.events() if event.endswith("purged")]
    assert sorted(purged) == ["case.purged", "file.purged", "file.purged"]
    removed_by = [(await clinic.destruction(each))["removed_by"] for each in (before, with_it)]
    assert removed_by == [clinic.clinician.user_id] * 2


async def test_a_restored_case_has_its_files_and_not_those_removed_before(clinic: Ending) -> None:
    before, with_it = await clinic.add(), await clinic.add()
    await clinic.remove(before)
    await clinic.remove_case()
    clinic.days = 29
    assert await clinic.purge() == NOTHING
    await clinic.restore_case()
    shown = await list_case_files(
        clinic.room.db, clinic.room.audit, clinic.clinician, clinic.case.id
    )
    assert shown == (with_it,)
    clinic.days = 31
    assert (await clinic.purge()).finished == 1
    assert await clinic.has_bytes(with_it)


async def test_the_organisation_s_own_time_counts(clinic: Ending) -> None:
    removed = await clinic.add()
    await clinic.remove(removed)
    await clinic.set_terms(trash_days=60)
    clinic.days = 59
    assert await clinic.purge() == NOTHING
    await clinic.set_terms(trash_days=7)
    assert (await clinic.purge()).finished == 1


async def test_what_is_kept_at_least_stays_in_the_trash(clinic: Ending) -> None:
    removed = await clinic.add()
    await clinic.remove(removed)
    await clinic.set_terms(keep_at_least_days=100)
    clinic.days = 99
    assert await clinic.purge() == NOTHING
    await clinic.restore(removed)
    await clinic.remove_case()
    clinic.days = 99.9
    assert await clinic.purge() == NOTHING
    clinic.days = 130
    assert (await clinic.purge()).due == Due(0, 1, 1, removed.size)


class Stubborn:
    """A store that does not let go of some files."""

    def __init__(self, clinic: Ending, *kept: BlobKey) -> None:
        self._blobs = clinic.room.blobs
        self.kept = {*kept}

    async def delete(self, key: BlobKey) -> None:
        if key in self.kept:
            raise StoreUnavailable("read-only")
        await self._blobs.delete(key)


async def test_bytes_that_a_store_keeps_hold_up_no_others_and_go_later(clinic: Ending) -> None:
    stuck, free = await clinic.add(), await clinic.add()
    await clinic.remove(stuck, free)
    clinic.days = 31
    store = Stubborn(clinic, BlobKey(clinic.organization_id, stuck.id))
    clinic.stores = (store,)  # type: ignore[assignment] - of a store it needs no more
    done = await clinic.purge()
    assert (done.finished, done.left) == (1, 1)
    assert (await clinic.row(stuck))["state"] == "purging"
    assert (await clinic.destruction(stuck))["certificate"] is None
    store.kept.clear()
    assert await clinic.purge() == Purged(Due(), 1, 0)
    assert (await clinic.row(stuck))["state"] == "purged"


async def test_a_resumable_upload_forgets_the_file_and_its_parts_go_with_it(
    clinic: Ending,
) -> None:
    content = pdf()
    new = NewUpload(
        *("Doe, Jane.pdf", None, clinic.case.id, Category.LAB),
        is_phi=True,
        is_restricted=False,
        length=len(content),
        metadata="filename RG9lLCBKYW5lLnBkZg==",
    )
    kit = open_uploads(
        clinic.room.db,
        Unyielding(clinic.room.root),
        clinic.room.audit,
        UploadLimits(1 << 20),
        clinic.room.receiver,
    )
    begun = await begin_upload(kit, clinic.clinician, new)
    half = len(content) // 2
    await receive_part(kit, clinic.clinician, begun.id, Arrival(0, body(content[:half])))
    rest = Arrival(half, body(content[half:]))
    upload = await receive_part(kit, clinic.clinician, begun.id, rest)
    assert upload.file_id is not None
    await remove_file(clinic.room.db, clinic.room.audit, clinic.clinician, upload.file_id)
    keys = await clinic.room.keys(clinic.organization_id)
    clinic.keys = {key.file_id for key in keys}
    parts = clinic.keys - {upload.file_id}
    assert len(parts) == 2
    clinic.days = 31

    store = Stubborn(clinic, *(BlobKey(clinic.organization_id, part) for part in parts))
    clinic.stores = (store,)  # type: ignore[assignment] - of a store it needs no more
    assert (await clinic.purge()).left == 1
    assert clinic.keys == set()
    store.kept.clear()
    assert (await clinic.purge()).finished == 1
    assert await clinic.room.keys(clinic.organization_id) == set()
    async with clinic.room.db.transaction(clinic.organization_id) as tx:
        row = await tx.fetch_row("select to_jsonb(u)::text as said from uploads u")
    assert row is not None
    assert "Doe" not in row["said"]
    assert new.metadata not in row["said"]


class Unyielding(LocalStore):
    """As on a day on which nothing can be deleted."""

    async def delete(self, key: BlobKey) -> None:
        raise StoreUnavailable("read-only")


async def test_a_purge_cut_off_between_its_steps_is_finished_by_the_next(clinic: Ending) -> None:
    removed = await clinic.add()
    await clinic.remove(removed)
    clinic.days = 31

    class Cutting(Stubborn):
        async def delete(self, key: BlobKey) -> None:
            await super().delete(key)
            raise asyncio.CancelledError

    clinic.stores = (Cutting(clinic),)  # type: ignore[assignment] - of a store it needs no more
    with pytest.raises(asyncio.CancelledError):
        await clinic.purge()
    assert (await clinic.row(removed))["state"] == "purging"
    assert not await clinic.has_bytes(removed)
    clinic.stores = ()
    assert await clinic.purge() == Purged(Due(), 1, 0)
    assert (await clinic.destruction(removed))["certificate"]


async def test_several_at_once_destroy_each_file_once(clinic: Ending) -> None:
    files = [await clinic.add() for _ in range(5)]
    await clinic.remove(*files)
    clinic.days = 31
    done = await asyncio.gather(*(clinic.purge() for _ in range(4)))
    assert sum(each.due.files for each in done) == 5
    assert sum(each.finished for each in done) == 5
    assert [event for event, _ in await clinic.events()].count("file.purged") == 5


async def test_a_reader_meets_the_end_of_a_file_or_gets_all_of_it(clinic: Ending) -> None:
    """Whoever decided to read before the purge reads on, or is told that there is nothing."""
    file = await clinic.add()
    opened = await open_by_url_path(
        clinic.room.db, clinic.room.audit, clinic.room.blobs, clinic.clinician, file.url_path
    )
    late = await open_by_url_path(
        clinic.room.db, clinic.room.audit, clinic.room.blobs, clinic.clinician, file.url_path
    )
    reading: AsyncIterator[bytes] = opened.read(0, file.size)
    begun = await anext(reading)
    await clinic.remove(file)
    clinic.days = 31
    await clinic.purge()
    rest = [piece async for piece in reading]
    assert b"".join([begun, *rest]) == pdf()
    with pytest.raises(BlobMissing):
        _ = [piece async for piece in late.read(0, file.size)]


async def test_a_round_goes_through_every_organisation(room: Room) -> None:
    clinics = [await ending(room) for _ in range(2)]
    files = [await each.add() for each in clinics]
    for each, file in zip(clinics, files, strict=True):
        await each.remove(file)
    clinics[0].days = 31
    assert await go_round(clinics[0].parts()) >= 2
    assert not any([await each.has_bytes(file) for each, file in zip(clinics, files, strict=True)])


async def test_rounds_wait_while_the_clock_has_jumped(clinic: Ending) -> None:
    file = await clinic.add()
    await clinic.remove(file)
    clinic.days = 31
    times = iter([utc_now(), *[utc_now() + timedelta(days=31)] * 100_000])
    parts = replace(clinic.parts(), steadiness=Steadiness(lambda: next(times)))
    with capture_logs() as logs:
        rounds = asyncio.create_task(purge_forever(parts, 0))
        while not logs:  # noqa: ASYNC110 - the log is all that a round leaves
            await asyncio.sleep(0)
        rounds.cancel()
        await asyncio.gather(rounds, return_exceptions=True)
    assert logs[0]["cause"] == "the clock jumped"
    assert await clinic.has_bytes(file)


async def test_files_that_are_finished_are_told_as_they_are(clinic: Ending) -> None:
    files = [await clinic.add() for _ in range(3)]
    await clinic.remove(*files)
    clinic.days, told = 31, list[int]()
    await purge(clinic.parts(), clinic.organization_id, told.append)
    assert sum(told) == 3


async def test_nothing_is_certified_while_the_disk_is_away(clinic: Ending) -> None:
    """Its bytes would be back with it."""
    file = await clinic.add()
    await clinic.remove(file)
    clinic.days = 31
    with disk_away(clinic.room.root):
        done = await clinic.purge()
        assert (done.due.files, done.finished, done.left) == (1, 0, 1)
    assert (await clinic.purge()).finished == 1
    assert not await clinic.has_bytes(file)
