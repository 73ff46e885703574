"""Makes, lists, turns off and removes webhooks. A secret is shown once, to whoever makes it."""

from dataclasses import replace

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import InputNotValid, WebhookNotKnown
from casekeep.kernel.ids import WebhookId, new_id
from casekeep.kernel.texts import one_line
from casekeep.webhooks import queries
from casekeep.webhooks.addresses import Allowed, check_target
from casekeep.webhooks.model import NewWebhook, Webhook
from casekeep.webhooks.refusing import allowed, check_allowed
from casekeep.webhooks.secrets import WebhookSecrets, new_secret

LONGEST_LABEL = 100


async def add_webhook(
    db: Database,
    audit: AuditLog,
    secrets: WebhookSecrets,
    reachable: Allowed,
    *,
    actor: Actor,
    new: NewWebhook,
    clock: Clock = utc_now,
) -> tuple[Webhook, str | None]:
    """A new webhook, and its secret if it is to be signed; nobody can show it again.

    Raises RoleNotAllowed, and InputNotValid for a label, a URL or events that cannot be.
    """
    webhook_id = WebhookId(new_id())
    asked = Event(Action.WEBHOOK_CREATED, subject_id=webhook_id)
    await check_allowed(audit, actor, asked)
    new = _cleaned(new)
    await check_target(new.url, reachable)
    webhook = Webhook(
        webhook_id,
        actor.organization_id,
        new.label,
        new.url,
        new.events,
        new.document_format,
        new.is_signed,
        clock(),
        None,
    )
    secret = new_secret() if new.is_signed else None
    sealed = None if secret is None else secrets.seal(secret, actor.organization_id, webhook_id)
    async with allowed(db, audit, actor, asked) as tx:
        await queries.insert_webhook(tx, webhook, sealed)
        await audit.record(tx, who(actor), asked)
    return webhook, secret


async def list_webhooks(db: Database, audit: AuditLog, actor: Actor) -> tuple[Webhook, ...]:
    """Every webhook of the organisation, also the disabled ones, oldest first. Raises
    RoleNotAllowed.
    """
    asked = Event(Action.WEBHOOKS_LISTED)
    async with allowed(db, audit, actor, asked) as tx:
        found = await queries.all_webhooks(tx)
    await audit.note_listing(who(actor), asked)
    return found


async def show_webhook(
    db: Database, audit: AuditLog, actor: Actor, webhook_id: WebhookId
) -> Webhook:
    """One webhook. Raises RoleNotAllowed and WebhookNotKnown."""
    asked = Event(Action.WEBHOOKS_LISTED, subject_id=webhook_id)
    async with allowed(db, audit, actor, asked) as tx:
        found = await queries.find_webhook(tx, webhook_id)
        if found is None:
            raise WebhookNotKnown
    await audit.note_listing(who(actor), asked)
    return found


async def disable_webhook(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    webhook_id: WebhookId,
    *,
    clock: Clock = utc_now,
) -> Webhook:
    """Tell a webhook nothing more; what waits for it has failed, and can be replayed. Safe to
    repeat. Raises RoleNotAllowed and WebhookNotKnown.
    """
    asked = Event(Action.WEBHOOK_CHANGED, subject_id=webhook_id)
    at = clock()
    async with allowed(db, audit, actor, asked) as tx:
        found = await queries.find_webhook(tx, webhook_id, lock=True)
        if found is None:
            raise WebhookNotKnown
        if not await queries.set_disabled(tx, webhook_id, at):
            return found
        await queries.give_up_pending(tx, webhook_id)
        await audit.record(tx, who(actor), asked)
    return replace(found, disabled_at=at)


async def enable_webhook(
    db: Database, audit: AuditLog, reachable: Allowed, actor: Actor, webhook_id: WebhookId
) -> Webhook:
    """Tell a webhook again of what happens from now on. Safe to repeat.

    Raises RoleNotAllowed, WebhookNotKnown, and InputNotValid when its URL may not be reached now.
    """
    asked = Event(Action.WEBHOOK_CHANGED, subject_id=webhook_id)
    async with allowed(db, audit, actor, asked) as tx:
        found = await queries.find_webhook(tx, webhook_id)
        if found is None:
            raise WebhookNotKnown
    await check_target(found.url, reachable)
    async with allowed(db, audit, actor, asked) as tx:
        if await queries.set_disabled(tx, webhook_id, None):
            await audit.record(tx, who(actor), asked)
    return replace(found, disabled_at=None)


async def remove_webhook(
    db: Database, audit: AuditLog, actor: Actor, webhook_id: WebhookId
) -> None:
    """Delete a webhook, its secret and the record of its deliveries. Raises RoleNotAllowed and
    WebhookNotKnown.
    """
    asked = Event(Action.WEBHOOK_REMOVED, subject_id=webhook_id)
    async with allowed(db, audit, actor, asked) as tx:
        if not await queries.delete_webhook(tx, webhook_id):
            raise WebhookNotKnown
        await audit.record(tx, who(actor), asked)


def _cleaned(new: NewWebhook) -> NewWebhook:
    label = one_line(new.label, "label")
    if not 1 <= len(label) <= LONGEST_LABEL:
        raise InputNotValid(f"label must have 1 to {LONGEST_LABEL} characters")
    if not new.events:
        raise InputNotValid("name at least one event")
    return replace(new, label=label, events=tuple(dict.fromkeys(new.events)))
