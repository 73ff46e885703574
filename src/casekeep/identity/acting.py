"""The operator, who has a shell on the server and no account, acts in a clinician's stead. That it
was the operator is in the audit before anything else is.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.identity.accounts import find_user_by_email
from casekeep.identity.actors import who
from casekeep.identity.model import Clinician, Operator, Role
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import OrganizationId


async def act_for_clinician(
    db: Database, audit: AuditLog, organization_id: OrganizationId, email: str
) -> Clinician:
    """The clinician of an email address, as whom the operator goes on. Raises InputNotValid."""
    user = await find_user_by_email(db, organization_id, email)
    if user is None or user.role is not Role.CLINICIAN:
        raise InputNotValid("no clinician has this email address; 'casekeep user list' shows them")
    event = Event(Action.CLINICIAN_REPRESENTED, subject_id=user.id)
    async with db.transaction(organization_id) as tx:
        await audit.record(tx, who(Operator(organization_id)), event)
    return Clinician(organization_id, user.id)
