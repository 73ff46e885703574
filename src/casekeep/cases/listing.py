"""Lists a clinician's cases: whole, filtered, sorted, or page by page. A case is judged like any
other before it leaves.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries_lists
from casekeep.cases.access import may_see, owner_for
from casekeep.cases.cursors import Mark, cursor_after, read_cursor
from casekeep.cases.model import CaseFilter, CaseList, CaseOrder, CaseSort, PageAsked
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import UserId

LARGEST_PAGE = 200
"""Cases that a page may have."""

DEEPEST = 10_000
"""Cases that may be skipped to come to a page by its number; beyond that, cursors lead on."""


async def list_cases(  # noqa: PLR0917 - who asks, and the three things that a list is asked for
    db: Database,
    audit: AuditLog,
    actor: Actor,
    wanted: CaseFilter,
    order: CaseOrder,
    page: PageAsked | None = None,
) -> CaseList:
    """The cases of `actor`, a clinician, or all of the organisation for the operator: those that
    the filter lets through, all of them unless a page is asked for (clinician contract,
    `GET /cases/all_cases`). A page is exact however many cases are opened meanwhile.

    Raises RoleNotAllowed, InputNotValid.
    """
    after = _asked_after(page, order)
    asked = Event(Action.CASES_LISTED)
    async with recording_refusal(audit, actor, asked), db.transaction(actor.organization_id) as tx:
        owner = owner_for(actor)
        total, found = await queries_lists.cases_of(
            tx,
            owner,
            wanted,
            order,
            most=None if page is None else page.limit + 1,
            skip=0 if page is None else page.skip,
            past=await _placed(tx, owner, after, order),
        )
    shown = found if page is None else found[: page.limit]
    cases = tuple(case for case in shown if may_see(actor, case.facts))
    event = Event(Action.CASES_LISTED, details={"count": len(cases)})
    await audit.note_listing(who(actor), event)
    more = len(found) > len(shown)
    return CaseList(cases, total, cursor_after(shown[-1], order) if more else None)


def _asked_after(page: PageAsked | None, order: CaseOrder) -> Mark | None:
    if page is None:
        return None
    if not 1 <= page.limit <= LARGEST_PAGE:
        raise InputNotValid(f"limit must be 1 to {LARGEST_PAGE}")
    if not 0 <= page.skip <= DEEPEST:
        raise InputNotValid(f"a page may begin after {DEEPEST} cases at most; use after")
    return None if page.after is None else read_cursor(page.after, order)


async def _placed(
    tx: Tx, owner: UserId | None, after: Mark | None, order: CaseOrder
) -> Mark | None:
    """Where the page begins. Names are looked up, since no cursor holds one; whoever was renamed
    between two pages is where the new name is.
    """
    if after is None or order.by is not CaseSort.PATIENT_NAME:
        return after
    name = await queries_lists.place_by_name(tx, owner, after.case_id)
    if name is None:
        raise InputNotValid("after is not a cursor of this list")
    return after._replace(place=name)
