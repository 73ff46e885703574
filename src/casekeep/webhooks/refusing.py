"""Who may look after webhooks: administrators, and operators. Whoever else asks, or asks for one
that is not there, is refused, and that is recorded before it is told.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import assert_never

from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient
from casekeep.kernel.errors import DeliveryNotKnown, RoleNotAllowed, WebhookNotKnown


async def check_allowed(audit: AuditLog, actor: Actor, asked: Event) -> None:
    """Go on if the actor may look after webhooks; else record it. Raises RoleNotAllowed."""
    match actor:
        case Administrator() | Operator():
            return
        case Clinician() | Patient() | Partner():
            await audit.record_refusal(who(actor), asked)
            raise RoleNotAllowed
        case _:
            assert_never(actor)


@asynccontextmanager
async def allowed(
    db: Database, audit: AuditLog, actor: Actor, asked: Event
) -> AsyncGenerator[Tx, None]:
    """A transaction for somebody who may look after webhooks. What is not there is recorded as a
    refusal of `asked`. Raises RoleNotAllowed.
    """
    await check_allowed(audit, actor, asked)
    try:
        async with db.transaction(actor.organization_id) as tx:
            yield tx
    except (WebhookNotKnown, DeliveryNotKnown):
        await audit.record_refusal(who(actor), asked)
        raise
