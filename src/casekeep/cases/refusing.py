"""Records a refused act before the refusal is told. A case or a file that does not exist is
recorded just like somebody else's, so that the two differ in nothing, not even in time.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from casekeep.audit.log import AuditLog, Event
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.errors import (
    CaseNotVisible,
    FileNotVisible,
    HeldFromDeletion,
    RoleNotAllowed,
    UploadNotKnown,
)
from casekeep.kernel.ids import CaseId, CaseRef


@asynccontextmanager
async def recording_refusal(
    audit: AuditLog, actor: Actor, event: Event
) -> AsyncGenerator[None, None]:
    """If the body is refused, `event` is recorded as refused, and then the refusal goes on. Use it
    around a transaction, never inside one.
    """
    try:
        yield
    except (CaseNotVisible, FileNotVisible, HeldFromDeletion, RoleNotAllowed, UploadNotKnown):
        await audit.record_refusal(who(actor), event)
        raise


def asked_case(ref: CaseRef | None) -> CaseId | None:
    """The case id that was asked for, if it was one."""
    return ref if isinstance(ref, UUID) else None


def asked_number(ref: CaseRef | None) -> dict[str, UUID | int | None]:
    """The case number that was asked for, as the detail of an event, if it was one."""
    return {"case_number": ref} if isinstance(ref, int) else {}
