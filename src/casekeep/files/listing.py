"""Lists files: one case's for whoever may see the case, and a patient's own. One round trip brings
the facts and the files; nothing leaves before the facts were judged.
"""

from collections.abc import Iterable

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.access import may_see
from casekeep.cases.model import CaseFacts
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Database
from casekeep.files import queries
from casekeep.files.model import Page, StoredFile
from casekeep.files.queries import Shown
from casekeep.files.visibility import may_read
from casekeep.identity.actors import viewer, who
from casekeep.identity.model import Actor, Patient
from casekeep.kernel.cursors import cursor_at, read_cursor
from casekeep.kernel.errors import CaseNotVisible, InputNotValid
from casekeep.kernel.ids import CaseId, CaseRef

LARGEST_PAGE = 200


async def list_case_files(
    db: Database, audit: AuditLog, actor: Actor, case: CaseRef
) -> tuple[StoredFile, ...]:
    """The files of a case in upload order (clinician contract, `GET /cases/files/{case_id}`).

    Raises CaseNotVisible.
    """
    asked = Event(Action.FILES_LISTED, case_id=asked_case(case), details=asked_number(case))
    async with recording_refusal(audit, actor, asked):
        facts, found = await queries.files_of_case(db, actor.organization_id, case, viewer(actor))
        seen = _visible(actor, facts)
    files = _readable(actor, found)
    await _note(audit, actor, seen.id, files)
    return files


async def list_patient_files(
    db: Database,
    audit: AuditLog,
    actor: Patient,
    *,
    case_id: CaseId | None = None,
    phi: bool | None = None,
    limit: int | None = None,
    after: str | None = None,
) -> Page:
    """A patient's files, newest first, ties by id descending (portal contract,
    `GET /users/me/files`): of one case, or of all. All rows come unless `limit` (1-200) is given.

    Raises CaseNotVisible, InputNotValid.
    """
    if limit is not None and not 1 <= limit <= LARGEST_PAGE:
        raise InputNotValid(f"limit must be 1 to {LARGEST_PAGE}")
    past = None if after is None else read_cursor(after)
    async with recording_refusal(audit, actor, Event(Action.FILES_LISTED, case_id=case_id)):
        facts, found = await queries.files_of_patient(
            db,
            actor.organization_id,
            actor.user_id,
            case_id=case_id,
            phi=phi,
            most=None if limit is None else limit + 1,
            after=past,
        )
        if case_id is not None:
            _visible(actor, facts)
    files = _readable(actor, found[:limit])
    await _note(audit, actor, case_id, files)
    more = limit is not None and len(found) > limit
    return Page(files, cursor_at(files[-1].created_at, files[-1].id) if more and files else None)


def _visible(actor: Actor, case: CaseFacts | None) -> CaseFacts:
    if case is None or not may_see(actor, case):
        raise CaseNotVisible
    return case


def _readable(actor: Actor, found: Iterable[Shown]) -> tuple[StoredFile, ...]:
    return tuple(shown.file for shown in found if may_read(actor, shown.facts))


async def _note(
    audit: AuditLog, actor: Actor, case_id: CaseId | None, files: tuple[StoredFile, ...]
) -> None:
    event = Event(Action.FILES_LISTED, case_id=case_id, details={"count": len(files)})
    await audit.note_listing(who(actor), event)
