"""Hands out the bytes of a file, after a decision about that very file. That it was opened is
committed to the audit before the first byte leaves the house.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.blobs.store import BlobKey, BlobStore
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.db.errors import RowNotValid
from casekeep.files import queries
from casekeep.files.finding import readable
from casekeep.files.links import Holder, Link, Links
from casekeep.files.model import StoredFile
from casekeep.files.queries import Shown
from casekeep.identity.actors import viewer, who
from casekeep.identity.model import Actor, Partner
from casekeep.kernel.errors import FileNotVisible, TokenNotValid


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that may be read now. `read(start, length)`: that many bytes from that offset, in
    pieces of at most 1 MiB; raises BlobMissing, BlobAltered.
    """

    file: StoredFile
    read: Callable[[int, int], AsyncGenerator[bytes, None]]


async def open_by_url_path(
    db: Database, audit: AuditLog, blobs: BlobStore, actor: Actor, url_path: str
) -> OpenFile:
    """Open a file by its `file_url`, exactly as it was given out (clinician contract,
    `GET /{file_url}`). Raises FileNotVisible.
    """
    asked = Event(Action.FILE_OPENED)
    given = url_path if url_path.isprintable() else ""  # no other was ever given out
    return await _open(
        db, audit, blobs, actor, asked=asked, find=partial(_by_url_path, actor, given)
    )


async def open_link(
    db: Database, audit: AuditLog, blobs: BlobStore, links: Links, token: str
) -> OpenFile:
    """Open the file of a signed link. Whether its holder may read it, and is a user or a live key
    still, is asked again. Raises FileNotVisible, whatever the cause.

    A refusal is recorded if the link is genuine, and names an organisation that there is.
    """
    try:
        link = links.read(token)
    except TokenNotValid:
        raise FileNotVisible from None
    asked = Event(Action.FILE_OPENED, file_id=link.file_id)
    try:
        return await _open(db, audit, blobs, link.actor, asked=asked, find=partial(_by_link, link))
    except RowNotValid:
        raise FileNotVisible from None


async def _open(
    db: Database,
    audit: AuditLog,
    blobs: BlobStore,
    actor: Actor,
    *,
    asked: Event,
    find: Callable[[Tx], Awaitable[Shown | None]],
) -> OpenFile:
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        file = readable(actor, await find(tx))
        opened = Event(Action.FILE_OPENED, case_id=file.case_id, file_id=file.id)
        await audit.record(tx, who(actor), opened)
    return opened_file(blobs, file)


def opened_file(blobs: BlobStore, file: StoredFile) -> OpenFile:
    """A file to be read, once it was decided and recorded that it may be."""
    return OpenFile(file, partial(blobs.read, BlobKey(file.organization_id, file.id)))


async def _by_url_path(actor: Actor, url_path: str, tx: Tx) -> Shown | None:
    return await queries.find_by_url_path(tx, url_path, viewer(actor))


async def _by_link(link: Link, tx: Tx) -> Shown | None:
    live = link.is_live and await _is_live(tx, link.actor)
    found = await queries.find_by_id(tx, link.file_id, viewer(link.actor))
    return found if live else None


async def _is_live(tx: Tx, holder: Holder) -> bool:
    if isinstance(holder, Partner):
        return await queries.is_live_key(tx, holder.api_key_id)
    return await queries.is_live_patient(tx, holder.user_id)
