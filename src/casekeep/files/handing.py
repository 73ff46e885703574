"""Shows cases with everything in them to a partner's software, and hands out their files with them:
as bytes, or as signed links. What is handed out is in the audit before it leaves the house.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto
from uuid import UUID

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.blobs.store import BlobStore
from casekeep.cases import queries_detail
from casekeep.cases.access import may_see, visible_case
from casekeep.cases.detail import CaseDetail, Window
from casekeep.cases.model import CaseFacts
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.files.detail import FullCase, full_case, full_cases
from casekeep.files.links import Links
from casekeep.files.model import CaseFile
from casekeep.files.opening import OpenFile, opened_file
from casekeep.files.visibility import may_read
from casekeep.identity.actors import who
from casekeep.identity.model import Partner
from casekeep.kernel.errors import CaseNotVisible, FileTooLarge, InputNotValid
from casekeep.kernel.ids import CaseId, FileId

MOST_CONTENT = 32 << 20
"""Bytes of files that one answer may carry."""
LARGEST_PAGE = 100
LONGEST_WINDOW = timedelta(days=60)

_NO_CASE = CaseId(UUID(int=0))
"""An id that no case has."""


class Handing(Enum):
    """How files are handed out."""

    NOT = auto()
    AS_BYTES = auto()
    AS_LINKS = auto()


@dataclass(frozen=True, slots=True)
class Counter:
    """What handing out works with."""

    db: Database
    audit: AuditLog
    blobs: BlobStore
    links: Links


@dataclass(frozen=True, slots=True)
class HandedOut:
    """Files that may be read now, and tokens of links, by file."""

    opened: Mapping[FileId, OpenFile] = field(default_factory=dict[FileId, OpenFile])
    tokens: Mapping[FileId, str] = field(default_factory=dict[FileId, str])

    @property
    def size(self) -> int:
        """Bytes of all files that may be read now."""
        return sum(each.file.size for each in self.opened.values())


@dataclass(frozen=True, slots=True)
class CasePage:
    """One keyset page of cases, newest first."""

    cases: tuple[FullCase, ...]
    has_next: bool
    has_previous: bool


async def find_case(counter: Counter, partner: Partner, wanted: CaseId | str) -> CaseId:
    """The case of an id, or the newest one of the patient of an email address; nothing else of it.

    Raises CaseNotVisible.
    """
    async with (
        recording_refusal(counter.audit, partner, _asked(wanted)),
        counter.db.transaction(partner.organization_id) as tx,
    ):
        case_id = await _visible(tx, partner, wanted)
    shown = Event(Action.CASE_SHOWN, case_id=case_id)
    await counter.audit.note_listing(who(partner), shown)
    return case_id


async def show_case(
    counter: Counter, partner: Partner, wanted: CaseId | str, how: Handing = Handing.NOT
) -> tuple[FullCase, HandedOut]:
    """A case with everything in it, of an id, or the newest of the patient of an email address.

    Raises CaseNotVisible, and FileTooLarge for more than MOST_CONTENT bytes of files.
    """
    async with (
        recording_refusal(counter.audit, partner, _asked(wanted)),
        counter.db.transaction(partner.organization_id) as tx,
    ):
        full = await full_case(tx, await _visible(tx, partner, wanted))
        if full is None:
            raise CaseNotVisible
        full = _readable(partner, full)
        handed = await _hand_out(tx, counter, partner, full.files, how)
    shown = Event(Action.CASE_SHOWN, case_id=full.case.id)
    await counter.audit.note_listing(who(partner), shown)
    return full, handed


async def list_cases(
    counter: Counter, partner: Partner, window: Window, how: Handing = Handing.NOT
) -> tuple[CasePage, HandedOut]:
    """A page of the cases that were opened within a window, newest first, ties by id descending
    (portal contract, `GET /cases`).

    Raises InputNotValid, and FileTooLarge for more than MOST_CONTENT bytes of files.
    """
    _check(window)
    async with counter.db.transaction(partner.organization_id) as tx:
        after = None if window.after is None else await queries_detail.place_of(tx, window.after)
        if window.after is not None and after is None:
            raise InputNotValid("after is not a case of this list")
        most = window.limit + 1
        case_ids = await queries_detail.cases_in_window(tx, window, after, most=most)
        before = after is not None and await queries_detail.are_before(tx, window, after)
        found = await full_cases(tx, case_ids[: window.limit])
        cases = tuple(
            _readable(partner, each) for each in found if may_see(partner, _facts(each.case))
        )
        files = [file for each in cases for file in each.files]
        handed = await _hand_out(tx, counter, partner, files, how)
    listed = Event(Action.CASES_LISTED, details={"count": len(cases)})
    await counter.audit.note_listing(who(partner), listed)
    return CasePage(cases, len(case_ids) > window.limit, before), handed


async def _visible(tx: Tx, partner: Partner, wanted: CaseId | str) -> CaseId:
    """Asks for a case of nobody just like for one that is there."""
    named = await queries_detail.newest_case_of(tx, wanted) if isinstance(wanted, str) else wanted
    facts = await visible_case(tx, partner, named or _NO_CASE)
    return facts.id


def _asked(wanted: CaseId | str) -> Event:
    return Event(Action.CASE_SHOWN, case_id=None if isinstance(wanted, str) else wanted)


def _check(window: Window) -> None:
    if not 1 <= window.limit <= LARGEST_PAGE:
        raise InputNotValid(f"recordsPerPage must be 1 to {LARGEST_PAGE}")
    if not timedelta() < window.end - window.start <= LONGEST_WINDOW:
        raise InputNotValid(f"endTime must be at most {LONGEST_WINDOW.days} days after startTime")


def _facts(case: CaseDetail) -> CaseFacts:
    clinician_id = case.clinician.id if case.clinician else None
    patient_id = case.patient.id if case.patient else None
    organization_id = case.organization_id
    return CaseFacts(case.id, case.number, organization_id, clinician_id, patient_id, deleted=False)


def _readable(partner: Partner, full: FullCase) -> FullCase:
    return replace(full, files=tuple(each for each in full.files if may_read(partner, each.facts)))


async def _hand_out(
    tx: Tx, counter: Counter, partner: Partner, files: Iterable[CaseFile], how: Handing
) -> HandedOut:
    """Record, file by file, that these readable files are handed out."""
    stored = [each.file for each in files]
    if how is Handing.NOT or not stored:
        return HandedOut()
    if how is Handing.AS_BYTES and sum(file.size for file in stored) > MOST_CONTENT:
        raise FileTooLarge(
            f"The files have more than {MOST_CONTENT >> 20} MB together; ask for "
            "documentFormat=url, or for fewer cases"
        )
    action = Action.FILE_OPENED if how is Handing.AS_BYTES else Action.FILE_LINKED
    events = [Event(action, case_id=file.case_id, file_id=file.id) for file in stored]
    await counter.audit.record(tx, who(partner), *events)
    if how is Handing.AS_BYTES:
        return HandedOut(opened={file.id: opened_file(counter.blobs, file) for file in stored})
    return HandedOut(tokens={file.id: counter.links.sign(partner, file.id) for file in stored})
