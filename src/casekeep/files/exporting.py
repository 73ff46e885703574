"""A case as one ZIP: the originals, what is known of them, and digests by which anybody can check
it. That each file was opened is committed to the audit before the first byte leaves the house.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

import structlog

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.blobs.store import BlobAltered, BlobMissing, BlobStore, StoreUnavailable
from casekeep.cases.model import Case, CaseFacts
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database
from casekeep.files.manifest import (
    CASE,
    MANIFEST,
    SUMS,
    ExportedCase,
    Exporter,
    Manifest,
    exported_files,
    sums,
    written,
)
from casekeep.files.model import StoredFile
from casekeep.files.opening import OpenFile, opened_file
from casekeep.files.packing import Packed, pack, packed_size
from casekeep.files.showing import whole_case
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.ids import CaseRef, FileId

Describe = Callable[[Case, tuple[StoredFile, ...]], bytes]
"""A case and its files as a contract shows them, in JSON."""

_log = structlog.get_logger()


class ExportBroken(Exception):
    """A file's bytes are missing, altered or out of reach: what was sent so far is no export."""

    def __init__(self, file_id: FileId) -> None:
        super().__init__(
            f"file {file_id} is missing or altered in the store; the export is given up"
        )
        self.file_id = file_id


@dataclass(frozen=True, slots=True)
class Export:
    """A case that may leave the house now. `size`: bytes of the ZIP; `read()`: the ZIP, once, in
    pieces of about 1 MiB; it raises ExportBroken, and then it has no end that a reader would take.
    """

    case: CaseFacts
    files: int
    size: int
    read: Callable[[], AsyncGenerator[bytes, None]]


async def export_case(
    db: Database,
    audit: AuditLog,
    blobs: BlobStore,
    actor: Actor,
    ref: CaseRef,
    *,
    describe: Describe,
    clock: Clock = utc_now,
) -> Export:
    """A case with those of its files that `actor` may read, in upload order.

    Raises CaseNotVisible.
    """
    asked = Event(Action.CASE_EXPORTED, case_id=asked_case(ref), details=asked_number(ref))
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        case, files = await whole_case(tx, actor, ref)
        exported = Event(Action.CASE_EXPORTED, case_id=case.id, details={"count": len(files)})
        opened = [Event(Action.FILE_OPENED, case_id=case.id, file_id=file.id) for file in files]
        await audit.record(tx, who(actor), exported, *opened)
    described = describe(case, files)
    entries = _entries(
        actor, case, described, [opened_file(blobs, file) for file in files], clock()
    )
    return Export(case.facts, len(files), packed_size(entries), partial(pack, entries))


def _entries(
    actor: Actor, case: Case, described: bytes, opened: list[OpenFile], at: datetime
) -> list[Packed]:
    """What the ZIP holds, in its order: first what there is to know, which is never missing."""
    files = exported_files([each.file for each in opened])
    by = who(actor)
    exporter = Exporter(by.kind, by.id)
    numbers = ExportedCase(case.id, case.number)
    manifest = written(Manifest("casekeep-export", 1, at, exporter, numbers, files))
    digests = [(file.path, file.sha256) for file in files]
    digests += [
        (path, sha256(text).hexdigest()) for path, text in ((MANIFEST, manifest), (CASE, described))
    ]
    return [
        _text(MANIFEST, manifest, at),
        _text(CASE, described, at),
        _text(SUMS, sums(digests), at),
        *(
            Packed(file.path, file.size, file.uploaded_at, partial(_proven, each))
            for file, each in zip(files, opened, strict=True)
        ),
    ]


def _text(path: str, content: bytes, at: datetime) -> Packed:
    async def read() -> AsyncGenerator[bytes, None]:
        yield content

    return Packed(path, len(content), at, read)


async def _proven(opened: OpenFile) -> AsyncGenerator[bytes, None]:
    """The file's bytes, hashed on their way: nothing follows them if they are others."""
    file, digest = opened.file, sha256()
    try:
        async with aclosing(opened.read(0, file.size)) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(digest.update, piece)
                yield piece
    except (BlobAltered, BlobMissing, StoreUnavailable) as error:
        raise _broken(file) from error
    if digest.digest() != file.sha256:
        raise _broken(file)


def _broken(file: StoredFile) -> ExportBroken:
    _log.error("export.broken", file_id=str(file.id))
    return ExportBroken(file.id)
