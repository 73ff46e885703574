"""Shows an organisation's administrators what is damaged, and what was: ids and kinds, no names."""

from uuid import UUID

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.refusing import recording_refusal
from casekeep.db.database import Database
from casekeep.files.verifying import queries
from casekeep.files.verifying.model import Damage, FindingsPage
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Administrator, Operator
from casekeep.kernel.errors import RoleNotAllowed


async def list_findings(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    *,
    damage: Damage | None = None,
    mended: bool | None = None,
    after: UUID | None = None,
    most: int = 50,
) -> FindingsPage:
    """Findings of the actor's organisation, the newest first. `mended`: only those that are so no
    more, or only those that are so still; `after`: go on behind this id.
    Raises RoleNotAllowed.
    """
    asked = Event(Action.FINDINGS_LISTED)
    async with recording_refusal(audit, actor, asked):
        if not isinstance(actor, Administrator | Operator):
            raise RoleNotAllowed
    async with db.transaction(actor.organization_id) as tx:
        found = await queries.findings(
            tx, damage=damage, mended=mended, before=after, most=most + 1
        )
    await audit.note_listing(who(actor), asked)
    shown = tuple(found[:most])
    return FindingsPage(shown, shown[-1].id if len(found) > most else None)
