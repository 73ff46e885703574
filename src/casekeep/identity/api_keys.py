"""Makes, lists and revokes API keys: the secrets by which a partner's software names its
organisation. The secret is shown once and never kept.
"""

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.identity import queries_api_keys
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, ApiKey, Operator
from casekeep.identity.opaque import Form, new_opaque
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import ApiKeyId, OrganizationId, new_id

_LONGEST_LABEL = 100


async def create_api_key(
    db: Database,
    audit: AuditLog,
    organization_id: OrganizationId,
    label: str,
    *,
    by: Actor | None = None,
    clock: Clock = utc_now,
) -> tuple[ApiKey, str]:
    """A new key and its secret, `ck_<organisation>_<256 random bits>`; nobody can show it again.

    Raises InputNotValid for a label that is empty, too long or not printable.
    """
    label = label.strip()
    if not 1 <= len(label) <= _LONGEST_LABEL or not label.isprintable():
        raise InputNotValid(f"label must have 1 to {_LONGEST_LABEL} printable characters")
    secret, digest = new_opaque(organization_id, Form.API_KEY)
    key = ApiKey(ApiKeyId(new_id()), organization_id, label, clock(), None, None)
    async with db.transaction(organization_id) as tx:
        await queries_api_keys.insert_key(tx, key, digest)
        event = Event(Action.API_KEY_CREATED, subject_id=key.id)
        await audit.record(tx, who(by or Operator(organization_id)), event)
    return key, secret


async def list_api_keys(db: Database, organization_id: OrganizationId) -> tuple[ApiKey, ...]:
    """Every key of the organisation, also the revoked ones, oldest first."""
    async with db.transaction(organization_id) as tx:
        return await queries_api_keys.keys(tx)


async def revoke_api_key(
    db: Database,
    audit: AuditLog,
    organization_id: OrganizationId,
    key_id: ApiKeyId,
    *,
    by: Actor | None = None,
    clock: Clock = utc_now,
) -> None:
    """End a key; every process forgets it at once. Raises InputNotValid when none is live."""
    async with db.transaction(organization_id) as tx:
        if not await queries_api_keys.revoke(tx, key_id, clock()):
            raise InputNotValid("API key is not known")
        event = Event(Action.API_KEY_REVOKED, subject_id=key_id)
        await audit.record(tx, who(by or Operator(organization_id)), event)
