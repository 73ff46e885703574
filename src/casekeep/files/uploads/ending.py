"""Ends uploads: by their sender's wish, or because nobody goes on with them. What is complete is no
such one: if its request died, a file is made of it here.
"""

import asyncio
from datetime import datetime

import structlog

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.cases.refusing import recording_refusal
from casekeep.db.organizations import organization_ids
from casekeep.files.uploads import queries
from casekeep.files.uploads.finishing import finish_upload, sender_of
from casekeep.files.uploads.kit import Kit, clear_left_over, own_upload, try_to_clear
from casekeep.files.uploads.model import Upload
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Operator
from casekeep.kernel.errors import DomainError, UploadGone
from casekeep.kernel.ids import OrganizationId, UploadId

log = structlog.get_logger()

_AT_ONCE = 10


async def show_upload(kit: Kit, actor: Actor, upload_id: UploadId) -> Upload:
    """One's own upload as it is now. If all bytes are here and its request died before a file was
    made of them, it is made now, so that whoever sees a whole upload has a file.

    Raises UploadNotKnown, UploadGone, UploadBusy while the file is being made, StoreUnavailable.
    """
    asked = Event(Action.FILE_RECEIVED, subject_id=upload_id)
    async with recording_refusal(kit.audit, actor, asked):
        return await finish_upload(kit, actor, upload_id)


async def end_upload(kit: Kit, actor: Actor, upload_id: UploadId) -> None:
    """Give up one's own upload, also one that is in hand, and remove its bytes.

    Raises UploadNotKnown, and UploadGone for one that is over: a file that was made of it stays.
    """
    asked = Event(Action.UPLOAD_ENDED, subject_id=upload_id)
    async with (
        recording_refusal(kit.audit, actor, asked),
        kit.db.transaction(actor.organization_id) as tx,
    ):
        upload = await own_upload(tx, kit, actor, upload_id, lock=True)
        if not await queries.mark_ended(tx, upload_id):
            raise UploadGone
        ended = Event(Action.UPLOAD_ENDED, case_id=upload.case_id, subject_id=upload_id)
        await kit.audit.record(tx, who(actor), ended)
    await try_to_clear(kit, actor.organization_id)


async def sweep_uploads(kit: Kit) -> int:
    """In every organisation: make files of what is complete, give up what is out of time, and
    remove what is left of both; how many parts. What is in hand is left alone, and nothing is given
    up by a clock that jumped lately.
    """
    count, by_time = 0, kit.steadiness.holds()
    for organization_id in await organization_ids(kit.db):
        try:
            count += await _sweep_organization(kit, organization_id, by_time=by_time)
        except Exception as error:  # noqa: BLE001 - one organisation's must not stop the others'
            log.warning("upload.sweep_postponed", cause=type(error).__name__)
    return count


async def sweep_uploads_forever(kit: Kit, *, every: float) -> None:
    """Sweep at once and then `every` so many seconds, until cancelled."""
    while True:
        try:
            if count := await sweep_uploads(kit):
                log.info("upload.swept", parts=count)
        except Exception as error:  # noqa: BLE001 - the next round may find a better world
            log.warning("upload.sweep_failed", cause=type(error).__name__)
        await asyncio.sleep(every)


async def _sweep_organization(kit: Kit, organization_id: OrganizationId, *, by_time: bool) -> int:
    async with kit.db.transaction(organization_id) as tx:
        await queries.let_go_of_lost(tx, kit.receiver, kit.grips)
    await _finish_abandoned(kit, organization_id)
    now = kit.clock()
    if by_time:
        await _end_expired(kit, organization_id, now)
    count = await clear_left_over(kit, organization_id)
    if by_time:
        async with kit.db.transaction(organization_id) as tx:
            await queries.forget_over(tx, now - kit.limits.life)
    return count


async def _end_expired(kit: Kit, organization_id: OrganizationId, now: datetime) -> None:
    async with kit.db.transaction(organization_id) as tx:
        ended = await queries.end_expired(tx, now)
        events = [Event(Action.UPLOAD_ENDED, case_id=case, subject_id=each) for each, case in ended]
        if events:
            await kit.audit.record(tx, who(Operator(organization_id)), *events)


async def _finish_abandoned(kit: Kit, organization_id: OrganizationId) -> None:
    """What cannot be finished now is passed over, so that the rest gets a turn."""
    seen: set[UploadId] = set()
    while True:
        async with kit.db.transaction(organization_id) as tx:
            found = await queries.abandoned(tx, _AT_ONCE, seen)
        if not found:
            return
        seen.update(upload.id for upload in found)
        for upload in found:
            await _finish_one(kit, upload)


async def _finish_one(kit: Kit, upload: Upload) -> None:
    try:
        await finish_upload(kit, sender_of(upload), upload.id)
    except DomainError as refusal:
        log.info("upload.refused", upload_id=str(upload.id), cause=type(refusal).__name__)
    except Exception as error:  # noqa: BLE001 - it stays complete, and is tried again
        log.warning("upload.not_finished", upload_id=str(upload.id), cause=type(error).__name__)
