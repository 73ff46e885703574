"""Uploads whose process dies, that run out of time, and that are one too many."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import StoreUnavailable
from casekeep.files.model import Category
from casekeep.files.quotas import Allowed, Quotas
from casekeep.files.sweeping import claim_receiver
from casekeep.files.uploads import queries
from casekeep.files.uploads.beginning import begin_upload
from casekeep.files.uploads.continuing import receive_part
from casekeep.files.uploads.ending import show_upload, sweep_uploads
from casekeep.files.uploads.kit import Kit, open_uploads
from casekeep.files.uploads.model import Arrival, NewUpload, State, Upload, UploadLimits
from casekeep.http.house import House
from casekeep.identity.model import Patient
from casekeep.kernel.clock import Steadiness, utc_now
from casekeep.kernel.errors import QuotaExceeded, UploadBroken, UploadBusy, UploadGone
from casekeep.kernel.ids import OrganizationId, new_id
from tests.files.verifying.house import flip
from tests.support.clinician import PDF, kept
from tests.support.disks import disk_away
from tests.support.house import signed_in_patient

MIB = 1 << 20
CONTENT = PDF + bytes(MIB)
DOCUMENT = NewUpload("a.pdf", None, None, Category.LAB, False, False, len(CONTENT), "")


@pytest.fixture
async def patient(house: House) -> Patient:
    return (await signed_in_patient(house)).patient()


def kit_of(house: House, receiver: int, limits: UploadLimits | None = None) -> Kit:
    limits = limits or UploadLimits(size=4 * MIB)
    return open_uploads(house.db, house.blobs, house.audit, limits, receiver, utc_now)


async def body(*pieces: bytes, breaks: bool = False) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if breaks:
        raise UploadBroken("it broke")


async def left_in_hand(kit: Kit, patient: Patient, upload: Upload) -> None:
    """As a process leaves it that dies: in hand, under its number."""
    async with kit.db.transaction(patient.organization_id) as tx:
        assert await queries.take(tx, upload.id, new_id(), kit.receiver, [])


async def test_what_a_dead_process_had_in_hand_is_free(house: House, patient: Patient) -> None:
    dying = await claim_receiver(house.db)
    theirs, ours = kit_of(house, dying.number), kit_of(house, house.uploads.receiver)
    upload = await begin_upload(theirs, patient, DOCUMENT)
    await receive_part(theirs, patient, upload.id, Arrival(0, body(CONTENT[:MIB])))
    await left_in_hand(theirs, patient, upload)
    rest = Arrival(MIB, body(CONTENT[MIB:]))
    with pytest.raises(UploadBusy):
        await receive_part(ours, patient, upload.id, rest)
    await dying.close()
    done = await receive_part(ours, patient, upload.id, Arrival(MIB, body(CONTENT[MIB:])))
    assert done.state is State.FINISHED


async def test_what_arrived_before_a_break_counts(house: House, patient: Patient) -> None:
    kit = kit_of(house, house.uploads.receiver)
    upload = await begin_upload(kit, patient, DOCUMENT)
    with pytest.raises(UploadBroken):
        await receive_part(kit, patient, upload.id, Arrival(0, body(b"%PDF-1.7", breaks=True)))
    assert (await show_upload(kit, patient, upload.id)).received == 0
    with pytest.raises(UploadBroken):
        await receive_part(kit, patient, upload.id, Arrival(0, body(CONTENT[:MIB], breaks=True)))
    assert (await show_upload(kit, patient, upload.id)).received == MIB


async def test_a_complete_upload_is_finished_by_whoever_comes_next(
    house: House, patient: Patient
) -> None:
    """Its last request died after the last byte was counted."""
    kit = kit_of(house, house.uploads.receiver)
    for finish_by_sweeping in (True, False):
        upload = await begin_upload(kit, patient, DOCUMENT)
        await receive_part(kit, patient, upload.id, Arrival(0, body(CONTENT[:MIB])))
        async with kit.db.transaction(patient.organization_id) as tx:
            await tx.execute(
                "update uploads set length = received, state = 'complete' where id = $1", upload.id
            )
        if finish_by_sweeping:
            await sweep_uploads(kit)
        shown = await show_upload(kit, patient, upload.id)
        assert shown.state is State.FINISHED


@pytest.mark.parametrize("is_swept", [True, False])
@pytest.mark.parametrize("harm", ["missing", "altered", "uncounted"])
async def test_a_complete_upload_whose_bytes_are_lost_is_over(
    house: House, patient: Patient, harm: str, is_swept: bool
) -> None:
    """As after a restore: a backup has no bytes of what was under way."""
    kit = kit_of(house, house.uploads.receiver)
    upload = await begin_upload(kit, patient, DOCUMENT)
    await receive_part(kit, patient, upload.id, Arrival(0, body(CONTENT[:MIB])))
    await _harm(house, patient.organization_id, harm)
    async with kit.db.transaction(patient.organization_id) as tx:
        await tx.execute(
            "update uploads set length = received, state = 'complete' where id = $1", upload.id
        )
    if is_swept:
        await sweep_uploads(kit)
    with pytest.raises(UploadGone):
        await show_upload(kit, patient, upload.id)
    assert await kept(house, patient.organization_id) == (0, 0, 0)


async def _harm(house: House, organization_id: OrganizationId, harm: str) -> None:
    assert isinstance(house.blobs.store, LocalStore)
    folder = house.blobs.store.root / str(organization_id)
    (path,) = [each for each in folder.rglob("*") if each.is_file()]
    match harm:
        case "missing":
            path.unlink()
        case "altered":
            flip(path, 1000)
        case _:
            async with house.db.transaction(organization_id) as tx:
                await tx.execute("update upload_parts set size = size - 1")


async def test_what_nobody_goes_on_with_goes(house: House, patient: Patient) -> None:
    kit = kit_of(house, house.uploads.receiver)
    upload = await begin_upload(kit, patient, DOCUMENT)
    await receive_part(kit, patient, upload.id, Arrival(0, body(CONTENT[:MIB])))
    later = replace(kit, clock=lambda: utc_now() + timedelta(hours=25))
    with pytest.raises(UploadGone):
        await show_upload(later, patient, upload.id)
    await sweep_uploads(later)
    assert await kept(house, patient.organization_id) == (0, 0, 0)


async def test_nothing_is_given_up_by_a_clock_that_jumped(house: House, patient: Patient) -> None:
    kit = kit_of(house, house.uploads.receiver)
    upload = await begin_upload(kit, patient, DOCUMENT)
    await receive_part(kit, patient, upload.id, Arrival(0, body(CONTENT[:MIB])))
    times = iter([utc_now(), utc_now() + timedelta(hours=25)])
    jumped = Steadiness(lambda: next(times))
    await sweep_uploads(
        replace(kit, clock=lambda: utc_now() + timedelta(hours=25), steadiness=jumped)
    )
    whole = await receive_part(kit, patient, upload.id, Arrival(MIB, body(CONTENT[MIB:])))
    assert whole.file_id is not None


async def test_limits_and_quotas(house: House, patient: Patient) -> None:
    size = len(CONTENT)
    for limits in (
        UploadLimits(4 * MIB, user=Allowed(count=1)),
        UploadLimits(4 * MIB, organization=Allowed(size=2 * size - 1)),
        UploadLimits(4 * MIB, quotas=Quotas(user=Allowed(size=2 * size - 1))),
        UploadLimits(4 * MIB, quotas=Quotas(organization=Allowed(count=1))),
    ):
        somebody = (await signed_in_patient(house)).patient()
        kit = kit_of(house, house.uploads.receiver, limits)
        await begin_upload(kit, somebody, DOCUMENT)
        with pytest.raises(QuotaExceeded):
            await begin_upload(kit, somebody, DOCUMENT)


@pytest.mark.parametrize("is_announced", [True, False])
async def test_an_upload_of_unknown_length_takes_no_more_than_there_is(
    house: House, patient: Patient, is_announced: bool
) -> None:
    """No room was set aside for it, so others begun at the same time may have taken it."""
    limits = UploadLimits(4 * MIB, user=Allowed(size=2 * MIB))
    kit = kit_of(house, house.uploads.receiver, limits)
    first, second = [
        await begin_upload(kit, patient, replace(DOCUMENT, length=None)) for _ in range(2)
    ]
    size = len(CONTENT) if is_announced else None
    arrived = await receive_part(kit, patient, first.id, Arrival(0, body(CONTENT), size))
    assert arrived.received == len(CONTENT)
    with pytest.raises(QuotaExceeded):
        await receive_part(kit, patient, second.id, Arrival(0, body(CONTENT), size))
    assert (await show_upload(kit, patient, second.id)).received == 0
    assert (await kept(house, patient.organization_id)).blobs == 1
    rest = Arrival(len(CONTENT), body(), 0, len(CONTENT))
    assert (await receive_part(kit, patient, first.id, rest)).file_id is not None


async def test_while_the_disk_is_away_a_complete_upload_waits(
    house: House, patient: Patient
) -> None:
    assert isinstance(house.blobs.store, LocalStore)
    kit = kit_of(house, house.uploads.receiver)
    upload = await begin_upload(kit, patient, DOCUMENT)
    await receive_part(kit, patient, upload.id, Arrival(0, body(CONTENT[:MIB])))
    async with kit.db.transaction(patient.organization_id) as tx:
        await tx.execute(
            "update uploads set length = received, state = 'complete' where id = $1", upload.id
        )
    with disk_away(house.blobs.store.root):
        await sweep_uploads(kit)
        with pytest.raises(StoreUnavailable):
            await show_upload(kit, patient, upload.id)
    assert (await show_upload(kit, patient, upload.id)).state is State.FINISHED


async def test_a_limit_that_is_crossed_half_way_stops_an_upload_of_unknown_length(
    house: House, patient: Patient
) -> None:
    kit = kit_of(house, house.uploads.receiver, UploadLimits(4 * MIB, user=Allowed(size=MIB)))
    upload = await begin_upload(kit, patient, replace(DOCUMENT, length=None))
    half = CONTENT[: MIB // 2]
    await receive_part(kit, patient, upload.id, Arrival(0, body(half), size=len(half)))
    more = CONTENT[len(half) :]
    arrival = Arrival(len(half), body(more), size=len(more))
    with pytest.raises(QuotaExceeded):
        await receive_part(kit, patient, upload.id, arrival)
    assert (await show_upload(kit, patient, upload.id)).received == len(half)
