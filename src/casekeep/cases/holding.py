"""Places, lifts and lists legal holds, by which nothing of a case, or a file, is deleted whatever
else would have it so. Administrators and operators do; a hold is never changed, only lifted.
"""

from dataclasses import dataclass, replace

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries, queries_holds
from casekeep.cases.model import Hold
from casekeep.cases.overseeing import overseeing
from casekeep.cases.refusing import asked_case, asked_number
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import acting_user, who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.cursors import cursor_at, read_cursor
from casekeep.kernel.errors import CaseNotVisible, FileNotVisible, HoldNotKnown, InputNotValid
from casekeep.kernel.ids import CaseRef, FileId, HoldId, new_id
from casekeep.kernel.texts import one_line

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class HoldPage:
    """Some holds, the newest first. `next_after`: the cursor of the page that follows, None on the
    last.
    """

    holds: tuple[Hold, ...]
    next_after: str | None


async def hold_case(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    ref: CaseRef,
    reason: str,
    *,
    clock: Clock = utc_now,
) -> Hold:
    """Keep a case and all its files, also those still to come, from being deleted. It may be in the
    trash already; a purged one is no case any more. `reason`: 1-500 characters.

    Raises RoleNotAllowed, CaseNotVisible, InputNotValid.
    """
    hold_id, said = HoldId(new_id()), _cleaned(reason)
    asked = Event(
        Action.HOLD_PLACED,
        case_id=asked_case(ref),
        subject_id=hold_id,
        details=asked_number(ref),
    )
    async with overseeing(db, audit, actor, asked) as tx:
        await queries_holds.stop_deletions(tx)
        case = await queries.case_facts(tx, ref, lock=False)
        if case is None:
            raise CaseNotVisible
        return await _place(tx, audit, actor, Hold(hold_id, case.id, None, said, clock()))


async def hold_file(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    file_id: FileId,
    reason: str,
    *,
    clock: Clock = utc_now,
) -> Hold:
    """Keep a file from being deleted, wherever it moves. It may be in the trash already; once its
    purge has begun it is no file any more. `reason`: 1-500 characters.

    Raises RoleNotAllowed, FileNotVisible, InputNotValid.
    """
    hold_id, said = HoldId(new_id()), _cleaned(reason)
    asked = Event(Action.HOLD_PLACED, file_id=file_id, subject_id=hold_id)
    async with overseeing(db, audit, actor, asked) as tx:
        await queries_holds.stop_deletions(tx)
        if not await queries_holds.can_be_held(tx, file_id):
            raise FileNotVisible
        return await _place(tx, audit, actor, Hold(hold_id, None, file_id, said, clock()))


async def lift_hold(
    db: Database, audit: AuditLog, actor: Actor, hold_id: HoldId, *, clock: Clock = utc_now
) -> Hold:
    """End a hold. What another hold is on stays held. Safe to repeat: a lifted one stays as it is.

    Raises RoleNotAllowed and HoldNotKnown.
    """
    asked = Event(Action.HOLD_LIFTED, subject_id=hold_id)
    async with overseeing(db, audit, actor, asked) as tx:
        lifted = await queries_holds.mark_lifted(tx, hold_id, acting_user(actor), clock())
        hold = await queries_holds.find_hold(tx, hold_id)
        if hold is None:
            raise HoldNotKnown
        if lifted:
            event = replace(asked, case_id=hold.case_id, file_id=hold.file_id)
            await audit.record(tx, who(actor), event)
    return hold


async def list_holds(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    *,
    lifted: bool = False,
    most: int = 50,
    after: str | None = None,
) -> HoldPage:
    """The holds of the organisation, the newest first. `lifted`: also those that were lifted;
    `after`: the cursor of a page before.

    Raises RoleNotAllowed, and InputNotValid for a cursor that is none.
    """
    past = None if after is None else read_cursor(after)
    asked = Event(Action.HOLDS_LISTED)
    async with overseeing(db, audit, actor, asked) as tx:
        found = await queries_holds.holds(tx, lifted=lifted, most=most + 1, after=past)
    await audit.note_listing(who(actor), replace(asked, details={"count": len(found[:most])}))
    shown = tuple(found[:most])
    more = len(found) > most
    return HoldPage(shown, cursor_at(shown[-1].placed_at, shown[-1].id) if more else None)


async def _place(tx: Tx, audit: AuditLog, actor: Actor, hold: Hold) -> Hold:
    await queries_holds.insert_hold(tx, hold, acting_user(actor))
    event = Event(
        Action.HOLD_PLACED, case_id=hold.case_id, file_id=hold.file_id, subject_id=hold.id
    )
    await audit.record(tx, who(actor), event)
    return await queries_holds.find_hold(tx, hold.id) or hold


def _cleaned(reason: str) -> str:
    said = one_line(reason, "reason")
    if not 1 <= len(said) <= LONGEST_REASON:
        raise InputNotValid(f"reason must have 1 to {LONGEST_REASON} characters")
    return said
