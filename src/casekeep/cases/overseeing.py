"""Who may say what is kept and what was destroyed: administrators, who see no case for it, and
operators. Whoever else asks, or asks for what is not there, is refused, which is recorded first.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import assert_never

from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient
from casekeep.kernel.errors import (
    CaseNotVisible,
    CertificateNotKnown,
    FileNotVisible,
    HoldNotKnown,
    RoleNotAllowed,
)


def check_may_oversee(actor: Actor) -> None:
    """Go on if `actor` may. Raises RoleNotAllowed."""
    match actor:
        case Administrator() | Operator():
            return
        case Clinician() | Patient() | Partner():
            raise RoleNotAllowed
        case _:
            assert_never(actor)


@asynccontextmanager
async def overseeing(
    db: Database, audit: AuditLog, actor: Actor, asked: Event
) -> AsyncGenerator[Tx, None]:
    """A transaction for somebody who may; whatever the body refuses is recorded as `asked`. Raises
    RoleNotAllowed.
    """
    try:
        check_may_oversee(actor)
        async with db.transaction(actor.organization_id) as tx:
            yield tx
    except (RoleNotAllowed, CaseNotVisible, FileNotVisible, HoldNotKnown, CertificateNotKnown):
        await audit.record_refusal(who(actor), asked)
        raise
