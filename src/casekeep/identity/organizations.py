"""Makes and finds organisations, the tenants of the house."""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.db.organizations import organization_ids
from casekeep.identity import queries
from casekeep.identity.actors import who
from casekeep.identity.model import Operator, Organization
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import OrganizationId, new_id

_LONGEST_NAME = 200


async def create_organization(
    db: Database, audit: AuditLog, name: str, *, clock: Clock = utc_now
) -> Organization:
    """A new organisation; only an operator makes one. Raises InputNotValid."""
    name = name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InputNotValid(f"name must have 1 to {_LONGEST_NAME} printable characters")
    async with db.transaction(OrganizationId(new_id())) as tx:
        made = await queries.insert_organization(tx, name, clock())
        event = Event(Action.ORGANIZATION_CREATED, subject_id=made.id)
        await audit.record(tx, who(Operator(made.id)), event)
    return made


async def find_organization(db: Database, organization_id: OrganizationId) -> Organization | None:
    """One organisation, if there is one of that id."""
    async with db.transaction(organization_id) as tx:
        return await queries.organization(tx)


async def all_organizations(db: Database) -> tuple[Organization, ...]:
    """Every organisation, oldest first. For the operator only: nobody signed in may see this."""
    found = [await find_organization(db, each) for each in await organization_ids(db)]
    return tuple(each for each in found if each is not None)
