"""Takes in the next bytes of an upload. They are durable, as a part of their own, before anybody is
told that they are here; what came of a request that broke off is kept too.
"""

from hashlib import sha256
from typing import Protocol

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.blobs.seals import record_seals
from casekeep.blobs.store import BlobKey, BlobWriter
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Tx
from casekeep.files.arriving import judged, too_large
from casekeep.files.content import HEAD
from casekeep.files.uploads import queries
from casekeep.files.uploads.beginning import demand_length, demand_place
from casekeep.files.uploads.finishing import accepted_of, end_refused, finish, sender_of
from casekeep.files.uploads.kit import Grip, Kit, gripping, own_upload, try_to_clear
from casekeep.files.uploads.model import DIGESTS, Arrival, Part, State, Upload
from casekeep.identity.model import Actor
from casekeep.kernel.errors import (
    ChecksumWrong,
    FileTypeRefused,
    InputNotValid,
    OffsetWrong,
    UploadBroken,
    UploadGone,
)
from casekeep.kernel.ids import FileId, UploadId

_WORTH_KEEPING = 64 * 1024
"""Bytes of a broken request that are more than a part is worth."""
_MOST_PARTS = 10_000


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


async def receive_part(kit: Kit, actor: Actor, upload_id: UploadId, arrival: Arrival) -> Upload:
    """Add bytes to one's own upload, and make the file of it once all are here.

    Raises UploadNotKnown, UploadGone, UploadBusy, OffsetWrong, ChecksumWrong (nothing is kept),
    UploadBroken (what came before is kept), InputNotValid, FileTooLarge, QuotaExceeded,
    StoreUnavailable, and whatever refuses the file in the end, whereupon the upload is over.
    """
    asked = Event(Action.FILE_RECEIVED, subject_id=upload_id)
    async with recording_refusal(kit.audit, actor, asked), gripping(kit) as grip:
        upload = await _take(kit, actor, upload_id, arrival, grip)
        if upload.state is State.RECEIVING:
            upload = await _receive(kit, actor, upload, arrival, grip)
        elif not await _is_empty(arrival):
            raise too_large(upload.name, upload.received)
        if upload.state is State.COMPLETE:
            upload = await finish(kit, actor, upload, grip)
    return upload


async def _take(
    kit: Kit, actor: Actor, upload_id: UploadId, arrival: Arrival, grip: Grip
) -> Upload:
    """The upload, in hand if something is to be done with it, and the row of the part to come."""
    async with kit.db.transaction(actor.organization_id) as tx:
        upload = await own_upload(tx, kit, actor, upload_id, lock=True)
        if upload.state is not State.FINISHED:
            await grip.take(tx, upload_id)
        if arrival.offset != upload.received:
            raise OffsetWrong
        if arrival.length is not None and arrival.length != upload.length:
            await _set_length(tx, kit, upload, arrival.length)
            upload = await own_upload(tx, kit, actor, upload_id)
        _check_size(kit, upload, arrival)
        if upload.state is State.RECEIVING:
            await _demand_unreserved(tx, kit, upload, arrival.size or 0)
            if upload.parts >= _MOST_PARTS:
                raise InputNotValid(f"An upload may come in at most {_MOST_PARTS} requests")
            await queries.insert_part(tx, FileId(grip.id), upload_id, upload.received)
        return upload


async def _set_length(tx: Tx, kit: Kit, upload: Upload, length: int) -> None:
    if upload.length is not None or length < upload.received:
        raise InputNotValid("Upload-Length cannot be changed")
    demand_length(kit, upload.name, length)
    more = length - upload.received
    await demand_place(tx, kit, sender_of(upload), more, begins=False)
    await queries.set_length(tx, upload.id, length)


def _check_size(kit: Kit, upload: Upload, arrival: Arrival) -> None:
    """Refuse what is announced to be too much before it comes."""
    longest = longest_of(kit, upload)
    if arrival.size is not None and upload.received + arrival.size > longest:
        raise too_large(upload.name, longest)


async def _demand_unreserved(tx: Tx, kit: Kit, upload: Upload, more: int) -> None:
    """Go on if there is room for what has come of an upload and `more`, where its length is not
    known: none was set aside for it when it began. Raises QuotaExceeded.
    """
    if upload.length is None:
        await demand_place(tx, kit, sender_of(upload), more, begins=False)


def longest_of(kit: Kit, upload: Upload) -> int:
    """The most bytes that an upload may come to have."""
    return kit.limits.size if upload.length is None else upload.length


async def _receive(kit: Kit, actor: Actor, upload: Upload, arrival: Arrival, grip: Grip) -> Upload:
    """Take in one part; what the upload is after it."""
    counted = False
    try:
        part, broken = await _take_in(kit, upload, arrival, FileId(grip.id))
        if part is not None:
            await _count(kit, upload, grip, part)
            counted = True
    except FileTypeRefused:
        await grip.let_go()
        await end_refused(kit, actor, upload)
        raise
    finally:
        if not counted:
            await grip.let_go()
            await try_to_clear(kit, upload.organization_id)
    if broken is not None:
        raise broken
    async with kit.db.transaction(upload.organization_id) as tx:
        return await own_upload(tx, kit, actor, upload.id)


async def _take_in(
    kit: Kit, upload: Upload, arrival: Arrival, part_id: FileId
) -> tuple[Part | None, UploadBroken | None]:
    """The bytes of a request as a durable part, if there are any, and how the request broke off if
    it did. With a checksum it counts whole, or not at all.
    """
    broken: UploadBroken | None = None
    incoming = _Incoming(kit, upload, arrival)
    async with kit.blobs.receive(BlobKey(upload.organization_id, part_id)) as writer:
        try:
            await incoming.write_to(writer)
        except UploadBroken as error:
            if arrival.checksum is not None or writer.size < _WORTH_KEEPING:
                raise
            broken = error
        incoming.check()
        if not writer.size:
            return None, None
        written = await writer.finish()
    return Part(part_id, written.size, written.sha256, written.seal), broken


async def _count(kit: Kit, upload: Upload, grip: Grip, part: Part) -> None:
    until = kit.clock() + kit.limits.life
    async with kit.db.transaction(upload.organization_id) as tx:
        if await queries.add_part(tx, upload.id, grip.id, part, until):
            await _demand_unreserved(tx, kit, upload, 0)  # it may have been more than announced
            await record_seals(tx, {part.id: part.seal})
            return
    # Its row may be gone already, and without one nobody would find the bytes.
    await kit.blobs.delete(BlobKey(upload.organization_id, part.id))
    raise UploadGone


async def _is_empty(arrival: Arrival) -> bool:
    if arrival.size is not None:
        return arrival.size == 0
    async for _ in arrival.body:
        return False
    return True


class _Incoming:
    """The bytes of one request on their way into a part: counted, digested, and judged by their
    beginning if it is the upload's, so that nobody sends five gigabytes in vain.
    """

    def __init__(self, kit: Kit, upload: Upload, arrival: Arrival) -> None:
        self._upload = upload
        self._arrival = arrival
        self._longest = longest_of(kit, upload)
        self._checksum = arrival.checksum
        self._digest: _Digest = DIGESTS[self._checksum.algorithm]() if self._checksum else sha256()
        self._head = bytearray() if upload.received == 0 else None

    async def write_to(self, writer: BlobWriter) -> None:
        """Write them all. Raises FileTooLarge, FileTypeRefused, and what the body raises."""
        async for chunk in self._arrival.body:
            if self._upload.received + writer.size + len(chunk) > self._longest:
                raise too_large(self._upload.name, self._longest)
            self._judge(chunk)
            if self._checksum is not None:
                self._digest.update(chunk)
            await writer.write(chunk)

    def check(self) -> None:
        """Raises ChecksumWrong if they are not those that their sender digested."""
        if self._checksum is not None and self._digest.digest() != self._checksum.digest:
            raise ChecksumWrong

    def _judge(self, chunk: bytes) -> None:
        if self._head is None:
            return
        self._head += chunk
        if len(self._head) >= HEAD:
            upload, head = self._upload, bytes(self._head[:HEAD])
            judged(head, upload.name, accepted_of(upload.role), upload.declared_type)
            self._head = None
