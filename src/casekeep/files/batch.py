"""A batch of files that are received together and kept together, or not at all. No transaction is
open while bytes move; what is not kept is never seen by anybody.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from datetime import datetime
from typing import TypeVar

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.blobs.store import BlobKey
from casekeep.cases.access import visible_case
from casekeep.cases.model import Case, CaseFacts, NewCase
from casekeep.cases.opening import open_case
from casekeep.cases.outcome import was_opened
from casekeep.cases.refusing import asked_case, asked_number
from casekeep.db.database import Tx
from casekeep.files import queries_receiving
from casekeep.files.arriving import Arriving
from casekeep.files.keeping import Parts, are_stored, commit, keep_files
from casekeep.files.model import Category, Marks, Received, StoredFile
from casekeep.files.names import clean_name
from casekeep.files.placing import (
    Wanted,
    folder_of_case,
    folder_of_new_case,
    place,
    place_document,
)
from casekeep.files.queries_receiving import Keeping
from casekeep.identity.actors import acting_user
from casekeep.identity.model import Actor, Patient
from casekeep.kernel.errors import DigestMismatch, RoleNotAllowed
from casekeep.kernel.ids import CaseId, CaseRef, FileId, new_id

T = TypeVar("T")
Files = tuple[StoredFile, ...]


class Batch:
    """Files of one request. Made by `Receiving.batch`, which discards what is not kept."""

    def __init__(self, parts: Parts, actor: Actor, accepted: Set[str]) -> None:
        self._parts = parts
        self._actor = actor
        self._accepted = accepted
        self._received: list[Received] = []
        self.unkept: list[FileId] = []

    async def receive(
        self,
        name: str,
        body: AsyncIterator[bytes],
        category: Category | None = None,
        declared_type: str | None = None,
        marks: Marks | None = None,
        *,
        sha256: bytes | None = None,
    ) -> Received:
        """Acts one and two: commit a row that says bytes are coming, then take them in, durably.

        While `category` is not known the larger limit holds; keeping asks for the exact one.
        `sha256`: of the content, if its sender said so.

        Raises FileEmpty, FileTooLarge, FileTypeRefused, DigestMismatch, StoreUnavailable, and what
        `body` raises.
        """
        label = clean_name(name)
        key = await self._announce(label)
        arriving = Arriving(
            label,
            limit=self._parts.limits.of(category) if category else self._parts.limits.largest,
            accepted=self._accepted,
            declared=declared_type,
        )
        async with self._parts.blobs.receive(key) as writer:
            media_type = await arriving.take_in(body, writer)
            written = await writer.finish()
        if sha256 not in (None, written.sha256):
            raise DigestMismatch(f"{label}: the content is not what its digest says")
        content = (media_type, written.size, written.sha256)
        received = Received(key.file_id, label, *content, category, marks, written.seal)
        self._received.append(received)
        return received

    async def adopt(self, tx: Tx, received: Received) -> None:
        """Within `commit`: add a file whose bytes are durable, and whose seal is recorded, under
        its id already. Until it is kept, the bytes are somebody else's to discard.
        """
        self._received.append(received)
        await self._insert(tx, received.id, received.name)

    async def keep_in_case(
        self, case: CaseRef, *, category: Category, is_phi: bool, is_restricted: bool
    ) -> Files:
        """Act three: keep all files in a case that the actor sees. A file received with a category
        of its own keeps that one. Raises CaseNotVisible, FileTooLarge, StoreUnavailable.
        """

        async def work(tx: Tx) -> Files:
            facts = await visible_case(tx, self._actor, case, lock=True)
            marks = Marks(is_phi, is_restricted)
            return await self.add_to(tx, facts, marks=marks, category=category, at=clock())

        clock = self._parts.clock
        details = asked_number(case)
        asked = Event(Action.FILE_RECEIVED, case_id=asked_case(case), details=details)
        return await self.commit(asked, work, are_stored)

    async def add_to(
        self, tx: Tx, case: CaseFacts, *, marks: Marks, category: Category, at: datetime
    ) -> Files:
        """Within `commit`: keep all files in a case whose row `tx` holds locked. `marks` and
        `category`: for a file received without its own. Raises FileTooLarge, StoreUnavailable.
        """
        folder = folder_of_case(case)
        wanted = [(file, file.category or category, folder) for file in self._received]
        keeping = Keeping(case.id, case.patient_id, marks, at)
        return await self._keep(tx, keeping, wanted)

    async def add_to_new(self, tx: Tx, case: Case, *, at: datetime) -> Files:
        """Within `commit`: keep all files with a case that `tx` opens. Raises FileTooLarge,
        StoreUnavailable.
        """
        wanted = [
            (file, category, folder_of_new_case(case.id, category))
            for file in self._received
            for category in [file.category or Category.LAB]
        ]
        keeping = Keeping(case.id, case.patient_id, Marks(is_phi=True), at)
        return await self._keep(tx, keeping, wanted)

    async def _keep(self, tx: Tx, keeping: Keeping, wanted: Sequence[Wanted]) -> Files:
        placed = await place(tx, wanted)
        return await keep_files(tx, self._parts, self._actor, keeping, placed)

    async def keep_in_new_case(self, new: NewCase) -> tuple[Case, Files]:
        """Act three: open a case with all files, in the order they were received and dated alike,
        or with none. Raises RoleNotAllowed, FileTooLarge, StoreUnavailable, InputNotValid.
        """

        async def work(tx: Tx) -> tuple[Case, Files]:
            at = self._parts.clock()
            case = await open_case(tx, self._parts.audit, self._actor, new, at=at)
            return case, await self.add_to_new(tx, case, at=at)

        return await self.commit(Event(Action.CASE_OPENED), work, is_opened)

    async def keep_for_patient(
        self, case_id: CaseId | None, *, category: Category = Category.LAB
    ) -> StoredFile:
        """Act three, for the one file of a patient: keep it in one of their cases, or as a general
        document. Raises CaseNotVisible, RoleNotAllowed, FileTooLarge, StoreUnavailable.
        """
        kept = (
            await self._keep_document(category)
            if case_id is None
            else await self.keep_in_case(
                case_id, category=category, is_phi=False, is_restricted=False
            )
        )
        (file,) = kept
        return file

    async def _keep_document(self, category: Category) -> Files:
        async def work(tx: Tx) -> Files:
            return await self.add_documents(tx, category=category, at=self._parts.clock())

        return await self.commit(Event(Action.FILE_RECEIVED), work, are_stored)

    async def add_documents(self, tx: Tx, *, category: Category, at: datetime) -> Files:
        """Within `commit`: keep all files as general documents of the patient who acts. Raises
        RoleNotAllowed, FileTooLarge, StoreUnavailable.
        """
        if not isinstance(self._actor, Patient):
            raise RoleNotAllowed
        placed = [place_document(file, file.category or category) for file in self._received]
        keeping = Keeping(None, self._actor.user_id, Marks(is_phi=False), at)
        return await keep_files(tx, self._parts, self._actor, keeping, placed)

    async def _announce(self, label: str) -> BlobKey:
        organization_id, file_id = self._actor.organization_id, FileId(new_id())
        self.unkept.append(file_id)  # before the commit, whose outcome may stay unheard
        async with self._parts.db.transaction(organization_id) as tx:
            await self._insert(tx, file_id, label)
        return BlobKey(organization_id, file_id)

    async def _insert(self, tx: Tx, file_id: FileId, label: str) -> None:
        receiver, uploaded_by = self._parts.receiver, acting_user(self._actor)
        await queries_receiving.insert_receiving(
            tx, file_id, label, receiver=receiver, uploaded_by=uploaded_by
        )

    async def commit(
        self,
        asked: Event,
        work: Callable[[Tx], Awaitable[T]],
        is_kept: Callable[[Tx, T], Awaitable[bool]],
    ) -> T:
        """Act three, whatever else it does: `work` keeps all files in one transaction, or raises
        and keeps none; see `keeping.commit`.
        """
        kept = [file.id for file in self._received]
        result = await commit(self._parts, self._actor, asked, work, is_kept)
        self.unkept = [file_id for file_id in self.unkept if file_id not in kept]
        self._received = []
        return result


async def is_opened(tx: Tx, result: tuple[Case, Files]) -> bool:
    """Whether the case stands; its files, if any, came with it in one transaction."""
    return await was_opened(tx, result[0].id)
