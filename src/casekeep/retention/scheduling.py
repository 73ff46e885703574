"""Shows and sets how long an organisation keeps things. A change holds from the next purge on, for
what is there already too; what is kept at least so long by law is the operator's to know.
"""

from dataclasses import dataclass
from typing import Final

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.overseeing import overseeing
from casekeep.cases.queries_holds import stop_deletions
from casekeep.db.database import Database
from casekeep.files.model import Category
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import InputNotValid, NothingToUpdate
from casekeep.retention import queries
from casekeep.retention.model import LONGEST_DAYS, Schedule, Terms

NO_LIMIT: Final = 0
"""Said instead of a number of days: no such limit any more."""


@dataclass(frozen=True, slots=True)
class TermsChange:
    """What is to become different, in days; None leaves a thing as it is, NO_LIMIT ends it.
    `category`: of the two that are about one.
    """

    trash_days: int | None = None
    category: Category | None = None
    keep_at_least_days: int | None = None
    remove_after_days: int | None = None


async def show_terms(db: Database, audit: AuditLog, actor: Actor) -> Terms:
    """How long the organisation keeps things. Raises RoleNotAllowed."""
    async with overseeing(db, audit, actor, Event(Action.RETENTION_CHANGED)) as tx:
        return await queries.terms(tx)


async def set_terms(
    db: Database, audit: AuditLog, actor: Actor, change: TermsChange, *, clock: Clock = utc_now
) -> Terms:
    """Change how long the organisation keeps things; what it is then. A purge that is under way
    ends first, and the next one goes by the change.

    Raises RoleNotAllowed, NothingToUpdate, InputNotValid.
    """
    details = {
        "category": change.category,
        "trash_days": change.trash_days,
        "keep_at_least_days": change.keep_at_least_days,
        "remove_after_days": change.remove_after_days,
    }
    asked = Event(Action.RETENTION_CHANGED, details=details)
    async with overseeing(db, audit, actor, asked) as tx:
        _check(change)
        await stop_deletions(tx)
        if change.category is not None:
            was = await queries.terms(tx)
            schedule = next(each for each in was.schedules if each.category is change.category)
            await queries.set_schedule(tx, _changed(schedule, change), clock())
        if change.trash_days is not None:
            await queries.set_trash_days(tx, change.trash_days or None)
        await audit.record(tx, who(actor), asked)
        return await queries.terms(tx)


def _changed(schedule: Schedule, change: TermsChange) -> Schedule:
    """The schedule with what the change says of it."""

    def chosen(was: int | None, said: int | None) -> int | None:
        return was if said is None else said or None

    return Schedule(
        schedule.category,
        chosen(schedule.keep_at_least_days, change.keep_at_least_days),
        chosen(schedule.remove_after_days, change.remove_after_days),
    )


def _check(change: TermsChange) -> None:
    of_category = (change.keep_at_least_days, change.remove_after_days)
    days = [each for each in (change.trash_days, *of_category) if each is not None]
    if not days:
        raise NothingToUpdate
    if any(each != NO_LIMIT and not 1 <= each <= LONGEST_DAYS for each in days):
        raise InputNotValid(f"a time must have 1 to {LONGEST_DAYS} days")
    if (change.category is None) != (of_category == (None, None)):
        raise InputNotValid("a category and its times are given together")
