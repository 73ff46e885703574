"""Makes the file of an upload whose bytes are all here, through the same receiving as any other
file, and exactly once: the file is kept, and the upload finished, in one transaction.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from hashlib import sha256

import structlog

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.blobs.store import BlobAltered, BlobKey, BlobMissing
from casekeep.cases.access import visible_case
from casekeep.db.database import Tx
from casekeep.files.arriving import judged
from casekeep.files.batch import Batch
from casekeep.files.content import CLINICAL_TYPES, HEAD, PORTAL_TYPES
from casekeep.files.keeping import are_stored
from casekeep.files.model import Marks, Received, StoredFile
from casekeep.files.names import clean_name
from casekeep.files.uploads import queries
from casekeep.files.uploads.kit import Grip, Kit, gripping, own_upload, try_to_clear
from casekeep.files.uploads.model import Part, State, Upload
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Clinician, Patient, Role
from casekeep.kernel.errors import DomainError, UploadGone
from casekeep.kernel.ids import UploadId

log = structlog.get_logger()


class PartsLost(Exception):
    """The parts of an upload are not what was received, and never will be again: as when a database
    was restored whose backup had none of their bytes.
    """


def accepted_of(role: Role) -> frozenset[str]:
    """The media types that an upload of such a user may be."""
    return PORTAL_TYPES if role is Role.PATIENT else CLINICAL_TYPES


def sender_of(upload: Upload) -> Clinician | Patient:
    """Whoever began an upload, for finishing it when their request is gone."""
    made = Patient if upload.role is Role.PATIENT else Clinician
    return made(upload.organization_id, upload.user_id)


async def finish_upload(kit: Kit, actor: Actor, upload_id: UploadId) -> Upload:
    """Make the file of one's own upload if all bytes are here and no file is made of it yet.

    Raises UploadNotKnown, UploadGone, UploadBusy, StoreUnavailable, and whatever refuses the file,
    whereupon the upload is over, as it is when its bytes are lost (UploadGone).
    """
    async with gripping(kit) as grip:
        async with kit.db.transaction(actor.organization_id) as tx:
            upload = await own_upload(tx, kit, actor, upload_id, lock=True)
            if upload.state is State.COMPLETE:
                await grip.take(tx, upload_id)
        return await finish(kit, actor, upload, grip) if upload.state is State.COMPLETE else upload


async def finish(kit: Kit, actor: Actor, upload: Upload, grip: Grip) -> Upload:
    """Make the file of a complete upload that `grip` has in hand. A clinician's without a case
    stays as it is. Raises what `finish_upload` raises.
    """
    if upload.case_id is None and upload.role is Role.CLINICIAN:
        return upload
    try:
        await _make_file(kit, actor, upload, grip)
    except UploadGone:
        raise
    except (DomainError, PartsLost) as error:
        await grip.let_go()
        await end_refused(kit, actor, upload)
        await try_to_clear(kit, upload.organization_id)
        if isinstance(error, PartsLost):
            log.warning("upload.parts_lost", upload_id=str(upload.id))
            raise UploadGone from None
        raise
    await try_to_clear(kit, upload.organization_id)
    async with kit.db.transaction(upload.organization_id) as tx:
        return await own_upload(tx, kit, actor, upload.id)


async def end_refused(kit: Kit, actor: Actor, upload: Upload) -> None:
    """Give up an upload that no file may be made of."""
    async with kit.db.transaction(upload.organization_id) as tx:
        if await queries.mark_ended(tx, upload.id):
            ended = Event(Action.UPLOAD_ENDED, case_id=upload.case_id, subject_id=upload.id)
            await kit.audit.record(tx, who(actor), ended)


async def _make_file(kit: Kit, actor: Actor, upload: Upload, grip: Grip) -> None:
    async with kit.db.transaction(upload.organization_id) as tx:
        parts = await queries.parts_of(tx, upload.id)
    whole = await _as_it_lies(kit, upload, parts, grip)

    async def work(tx: Tx) -> tuple[StoredFile, ...]:
        if whole is not None:
            await batch.adopt(tx, whole)
            await queries.delete_parts(tx, [whole.id])  # its bytes are the file's from now on
        files = await _add(kit, tx, batch, actor, upload)
        if not await queries.mark_finished(tx, upload.id, grip.id, files[0].id):
            raise UploadGone
        return files

    accepted = accepted_of(upload.role)
    asked = Event(Action.FILE_RECEIVED, case_id=upload.case_id, subject_id=upload.id)
    async with (
        kit.receiving.batch(actor, accepted) as batch,
        aclosing(_content(kit, upload, parts)) as content,
    ):
        if whole is None:
            await batch.receive(upload.name, content, upload.category, upload.declared_type)
        await batch.commit(asked, work, are_stored)


async def _as_it_lies(
    kit: Kit, upload: Upload, parts: Sequence[Part], grip: Grip
) -> Received | None:
    """The file, if all of it came in the request that makes it: those bytes need no second copy.
    Raises FileTypeRefused, PartsLost, StoreUnavailable.
    """
    if len(parts) != 1 or parts[0].id != grip.id or parts[0].size != upload.length:
        return None
    part = parts[0]
    key = BlobKey(upload.organization_id, part.id)
    try:
        beginning = [piece async for piece in kit.blobs.read(key, 0, min(HEAD, part.size))]
    except (BlobMissing, BlobAltered):
        raise PartsLost from None
    name, head = clean_name(upload.name), b"".join(beginning)
    media_type = judged(head, name, accepted_of(upload.role), upload.declared_type)
    return Received(part.id, name, media_type, part.size, part.sha256, upload.category)


async def _add(
    kit: Kit, tx: Tx, batch: Batch, actor: Actor, upload: Upload
) -> tuple[StoredFile, ...]:
    """The decisions of an ordinary upload, asked anew: meanwhile the case may be another's."""
    category, at = upload.category, kit.clock()
    if upload.case_id is None:
        return await batch.add_documents(tx, category=category, at=at)
    case = await visible_case(tx, actor, upload.case_id, lock=True)
    marks = Marks(upload.is_phi, upload.is_restricted)
    return await batch.add_to(tx, case, marks=marks, category=category, at=at)


async def _content(kit: Kit, upload: Upload, parts: Sequence[Part]) -> AsyncGenerator[bytes, None]:
    """The bytes of all parts in their order, each compared with what was received. Raises
    PartsLost, StoreUnavailable.
    """
    if sum(part.size for part in parts) != upload.length:
        raise PartsLost
    for part in parts:
        digest = sha256()
        reading = kit.blobs.read(BlobKey(upload.organization_id, part.id), 0, part.size)
        async with aclosing(reading):
            try:
                async for piece in reading:
                    digest.update(piece)
                    yield piece
            except (BlobMissing, BlobAltered):
                raise PartsLost from None
        if digest.digest() != part.sha256:
            raise PartsLost
