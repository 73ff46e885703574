"""Brings what was found into a case, file by file, each in a commit of its own. Content that the
case has is not taken twice, so an import that was killed is simply run again.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.access import visible_case
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.files import queries_importing
from casekeep.files.arriving import Arriving
from casekeep.files.batch import Files
from casekeep.files.content import CLINICAL_TYPES, PORTAL_TYPES
from casekeep.files.importing.model import Fate, Found, Source, SourceBroken, Told, printable
from casekeep.files.importing.model import refused as told_refused
from casekeep.files.keeping import are_stored
from casekeep.files.model import Category, Marks
from casekeep.files.names import clean_name
from casekeep.files.receiving import Receiving
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import FileEmpty, FileTooLarge, FileTypeRefused
from casekeep.kernel.ids import CaseId, CaseRef

ACCEPTED = CLINICAL_TYPES | PORTAL_TYPES
"""What may be brought in: all that any case may hold, so that an exported one comes back whole."""

_SAME = "the case has this content already"


@dataclass(frozen=True, slots=True)
class Dock:
    """What importing works with."""

    db: Database
    audit: AuditLog
    receiving: Receiving
    clock: Clock = utc_now


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be said of the files; None leaves it to the manifest of an export, or else to what
    holds for a file that a clinician adds.
    """

    category: Category | None = None
    is_phi: bool | None = None
    is_restricted: bool | None = None


class _SameContent(Exception):
    """The case has a file of this content."""


class _NotAsExported(Exception):
    """The content is not what the manifest of the export says."""


async def import_files(
    dock: Dock,
    actor: Actor,
    ref: CaseRef,
    source: Source,
    wishes: Wishes,
    *,
    rehearses: bool = False,
    moved: Callable[[int], None] = lambda _: None,
) -> AsyncGenerator[Told, None]:
    """What became of each thing in `source`, as soon as it is known. `rehearses`: nothing is kept,
    and it is told what would be. `moved`: called with the bytes that were read since.

    Raises CaseNotVisible, RoleNotAllowed, StoreUnavailable.
    """
    importing = await _begin(dock, actor, ref, wishes, moved)
    for told in source.told:
        yield told
    for found in source.files:
        yield await importing.bring(found, rehearses=rehearses)


async def _begin(
    dock: Dock, actor: Actor, ref: CaseRef, wishes: Wishes, moved: Callable[[int], None]
) -> "_Importing":
    asked = Event(Action.FILE_RECEIVED, case_id=asked_case(ref), details=asked_number(ref))
    async with (
        recording_refusal(dock.audit, actor, asked),
        dock.db.transaction(actor.organization_id) as tx,
    ):
        case = await visible_case(tx, actor, ref)
        there = await queries_importing.contents_of(tx, case.id)
    listed = Event(Action.FILES_LISTED, case_id=case.id, details={"count": len(there)})
    await dock.audit.note_listing(who(actor), listed)
    return _Importing(dock, actor, case.id, wishes, moved, there)


@dataclass(slots=True)
class _Importing:
    """One import. `there`: sizes and digests of what the case holds, as far as it is known."""

    dock: Dock
    actor: Actor
    case_id: CaseId
    wishes: Wishes
    moved: Callable[[int], None]
    there: set[tuple[int, bytes]]
    sizes: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = {size for size, _ in self.there}

    async def bring(self, found: Found, *, rehearses: bool) -> Told:
        """Keep one file, unless something speaks against it."""
        name = clean_name(found.path if found.said is None else found.said.name)
        path = printable(found.path)
        try:
            if rehearses:
                self._note(*await self._weigh(found, name))
                return Told(path, Fate.KEPT)
            if found.size in self.sizes:  # else its content cannot be there
                await self._weigh(found, name)
            return await self._keep(found, name)
        except _SameContent:
            return Told(path, Fate.SKIPPED, _SAME)
        except _NotAsExported:
            return told_refused(path, "it is not what the manifest says: it was altered")
        except (FileEmpty, FileTooLarge, FileTypeRefused, SourceBroken) as refusal:
            return told_refused(path, str(refusal).removeprefix(f"{name}: "))

    async def _weigh(self, found: Found, name: str) -> tuple[int, bytes]:
        """Size and digest of a file that is read and not kept. Raises what speaks against it."""
        category, _ = self._said(found)
        limit = self.dock.receiving.limits.of(category)
        arriving, scales = Arriving(name, limit=limit, accepted=ACCEPTED, declared=None), _Scales()
        async with aclosing(self._read(found)) as body:
            await arriving.take_in(body, scales)
        _demand_as_said(found, scales.sha256)
        if (scales.size, scales.sha256) in self.there:
            raise _SameContent
        return scales.size, scales.sha256

    async def _keep(self, found: Found, name: str) -> Told:
        category, marks = self._said(found)
        async with self.dock.receiving.batch(self.actor, ACCEPTED) as batch:
            async with aclosing(self._read(found)) as body:
                received = await batch.receive(name, body, category, marks=marks)
            _demand_as_said(found, received.sha256)

            async def work(tx: Tx) -> Files:
                facts = await visible_case(tx, self.actor, self.case_id, lock=True)
                if await queries_importing.has_content(tx, facts.id, received.sha256):
                    raise _SameContent
                at = self.dock.clock()
                return await batch.add_to(tx, facts, marks=marks, category=category, at=at)

            asked = Event(Action.FILE_RECEIVED, case_id=self.case_id)
            (file,) = await batch.commit(asked, work, are_stored)
        self._note(file.size, file.sha256)
        return Told(printable(found.path), Fate.KEPT, file_id=file.id)

    async def _read(self, found: Found) -> AsyncGenerator[bytes, None]:
        async with aclosing(found.read()) as pieces:
            async for piece in pieces:
                yield piece
                self.moved(len(piece))

    def _said(self, found: Found) -> tuple[Category, Marks]:
        """Category and marks: as wished, else as exported, else as usual."""
        wishes, said = self.wishes, found.said
        usual = (Category.LAB, True, False)
        exported = usual if said is None else (said.category, said.is_phi, said.is_restricted)
        category = exported[0] if wishes.category is None else wishes.category
        is_phi = exported[1] if wishes.is_phi is None else wishes.is_phi
        is_restricted = exported[2] if wishes.is_restricted is None else wishes.is_restricted
        return category, Marks(is_phi, is_restricted)

    def _note(self, size: int, digest: bytes) -> None:
        self.there.add((size, digest))
        self.sizes.add(size)


class _Scales:
    """Takes bytes only to count and hash them."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = sha256()

    @property
    def sha256(self) -> bytes:
        return self._digest.digest()

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        self.size += len(data)
        await asyncio.to_thread(self._digest.update, data)


def _demand_as_said(found: Found, digest: bytes) -> None:
    if found.said is not None and found.said.sha256 != digest.hex():
        raise _NotAsExported
