"""Takes in what a partner's software sends, with its files: a case, or something said in one. All
of it is kept in one commit, or nothing is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries_detail
from casekeep.cases.access import visible_case
from casekeep.cases.commenting import NewCommunication, add_communication
from casekeep.cases.detail import Communication
from casekeep.cases.model import Case
from casekeep.cases.submission import Asked, SentFile, Submission
from casekeep.cases.submitting import SentBefore, judge_answers, open_submitted_case
from casekeep.db.database import Database, Tx
from casekeep.files import queries_detail as queries_files
from casekeep.files.batch import Files, is_opened
from casekeep.files.content import PORTAL_TYPES
from casekeep.files.model import CaseFile, Category, Marks
from casekeep.files.receiving import Receiving
from casekeep.identity.model import Partner
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CaseId

MOST_FILES = 100
"""Files that one request may bring."""


@dataclass(frozen=True, slots=True)
class MarkedFile:
    """A file that comes with a communication."""

    sent: SentFile
    is_phi: bool
    is_restricted: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """What taking in works with."""

    db: Database
    audit: AuditLog
    receiving: Receiving
    clock: Clock = utc_now


async def submit_case(desk: Desk, partner: Partner, sent: Submission) -> CaseId:
    """Open a case with the files that answer its questions; one that was sent before under the same
    key is that one, and nothing more is kept (portal contract, `POST /dynamic-case`).

    Raises InputNotValid, FileEmpty, FileTooLarge, FileTypeRefused, StoreUnavailable.
    """
    try:
        async with desk.db.transaction(partner.organization_id) as tx:
            asked = await judge_answers(tx, sent)
        demand_few(sum(len(each.files) for each in asked))
        return await _open_with_files(desk, partner, sent, asked)
    except SentBefore as before:
        return before.case_id


async def _open_with_files(
    desk: Desk, partner: Partner, sent: Submission, asked: Sequence[Asked]
) -> CaseId:
    async with desk.receiving.batch(partner, PORTAL_TYPES, act=Action.CASE_OPENED) as batch:
        for each in asked:
            marks = Marks(each.question.is_phi, answer_id=each.id)
            for file in each.files:
                await batch.receive(file.name, file.read(), Category.LAB, marks=marks)

        async def work(tx: Tx) -> tuple[Case, Files]:
            at = desk.clock()
            case = await open_submitted_case(tx, desk.audit, partner, sent, asked, at=at)
            return case, await batch.add_to_new(tx, case, at=at)

        case, _ = await batch.commit(Event(Action.CASE_OPENED), work, is_opened)
    return case.id


async def comment_on_case(
    desk: Desk,
    partner: Partner,
    case_id: CaseId,
    new: NewCommunication,
    files: Sequence[MarkedFile],
) -> tuple[Communication, tuple[CaseFile, ...]]:
    """Say something in a case, with files that become the case's (portal contract,
    `POST /cases/{caseId}`).

    Raises CaseNotVisible, InputNotValid, FileEmpty, FileTooLarge, FileTypeRefused,
    StoreUnavailable.
    """
    demand_few(len(files))
    async with desk.receiving.batch(partner, PORTAL_TYPES, act=Action.CASE_COMMENTED) as batch:
        for file in files:
            marks = Marks(file.is_phi, file.is_restricted, communication_id=new.id)
            await batch.receive(file.sent.name, file.sent.read(), Category.LAB, marks=marks)

        async def work(tx: Tx) -> tuple[Communication, tuple[CaseFile, ...]]:
            at = desk.clock()
            facts = await visible_case(tx, partner, case_id, lock=True)
            said = await add_communication(tx, desk.audit, partner, facts, new, at=at)
            marks = Marks(is_phi=True)
            await batch.add_to(tx, facts, marks=marks, category=Category.LAB, at=at)
            return said, await queries_files.files_of_communication(tx, case_id, said.id)

        async def is_said(tx: Tx, _: object) -> bool:
            await visible_case(tx, partner, case_id, lock=True)  # waits for a commit under way
            return await queries_detail.has_communication(tx, new.id)

        asked = Event(Action.CASE_COMMENTED, case_id=case_id)
        return await batch.commit(asked, work, is_said)


def demand_few(count: int) -> None:
    """Raises InputNotValid for more files than one request may bring."""
    if count > MOST_FILES:
        raise InputNotValid(f"at most {MOST_FILES} files may come at a time")
