"""Shows what became of deliveries, and has them made again: under the same id, so that a receiver
that has seen one knows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Actor
from casekeep.jobs.queue import JobName, enqueue_each
from casekeep.kernel.errors import DeliveryNotKnown, InputNotValid, WebhookNotKnown
from casekeep.kernel.ids import DeliveryId, WebhookId
from casekeep.webhooks import queries, queries_deliveries
from casekeep.webhooks.model import Attempt, Delivery, DeliveryState
from casekeep.webhooks.refusing import allowed

MOST_REPLAYED = 1000
"""Deliveries that are replayed with one call."""


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries, newest first. `after`: the last one's id if there are more, else None."""

    deliveries: tuple[Delivery, ...]
    after: DeliveryId | None


async def list_deliveries(
    db: Database,
    audit: AuditLog,
    actor: Actor,
    webhook_id: WebhookId,
    *,
    state: DeliveryState | None = None,
    after: UUID | None = None,
    most: int = 50,
) -> Page:
    """Deliveries of a webhook, newest first. `after`: go on behind this delivery.

    Raises RoleNotAllowed, WebhookNotKnown, and InputNotValid when `after` is no delivery of it.
    """
    asked = Event(Action.WEBHOOKS_LISTED, subject_id=webhook_id)
    async with allowed(db, audit, actor, asked) as tx:
        if await queries.find_webhook(tx, webhook_id) is None:
            raise WebhookNotKnown
        before = None if after is None else await _position(tx, webhook_id, DeliveryId(after))
        found = await queries_deliveries.deliveries_of(
            tx, webhook_id, state=state, before=before, most=most + 1
        )
    await audit.note_listing(who(actor), asked)
    shown = found[:most]
    return Page(shown, shown[-1].id if len(found) > most else None)


async def show_delivery(
    db: Database, audit: AuditLog, actor: Actor, delivery_id: DeliveryId
) -> tuple[Delivery, tuple[Attempt, ...]]:
    """A delivery and every attempt at it, oldest first. Raises RoleNotAllowed and
    DeliveryNotKnown.
    """
    asked = Event(Action.WEBHOOKS_LISTED, subject_id=delivery_id)
    async with allowed(db, audit, actor, asked) as tx:
        found = await queries_deliveries.find_delivery(tx, delivery_id)
        if found is None:
            raise DeliveryNotKnown
        attempts = await queries_deliveries.attempts_of(tx, delivery_id)
    await audit.note_listing(who(actor), asked)
    return found, attempts


async def replay_delivery(
    db: Database, audit: AuditLog, actor: Actor, delivery_id: DeliveryId
) -> Delivery:
    """Make a delivery again, from its first try, whatever became of it; one that is pending already
    is left as it is. Raises RoleNotAllowed, DeliveryNotKnown, and InputNotValid while its webhook
    is disabled.
    """
    asked = Event(Action.WEBHOOK_REPLAYED, subject_id=delivery_id)
    async with allowed(db, audit, actor, asked) as tx:
        found = await queries_deliveries.find_delivery(tx, delivery_id)
        if found is None:
            raise DeliveryNotKnown
        await _live(tx, found.webhook_id)
        if await _replay(tx, [delivery_id]):
            await audit.record(tx, who(actor), asked)
        again = await queries_deliveries.find_delivery(tx, delivery_id)
    return again or found


async def replay_failed(db: Database, audit: AuditLog, actor: Actor, webhook_id: WebhookId) -> int:
    """Make the failed deliveries of a webhook again, the oldest first, up to `MOST_REPLAYED`; how
    many. Raises RoleNotAllowed, WebhookNotKnown, and InputNotValid while it is disabled.
    """
    asked = Event(Action.WEBHOOK_REPLAYED, subject_id=webhook_id)
    async with allowed(db, audit, actor, asked) as tx:
        await _live(tx, webhook_id)
        found = await queries_deliveries.oldest_failed(tx, webhook_id, MOST_REPLAYED)
        replayed = await _replay(tx, found)
        events = [Event(Action.WEBHOOK_REPLAYED, subject_id=each) for each in replayed]
        await audit.record(tx, who(actor), *events)
    return len(replayed)


async def _replay(tx: Tx, delivery_ids: Sequence[DeliveryId]) -> list[DeliveryId]:
    """Which of them are made again; the others are pending already."""
    replayed = await queries_deliveries.make_pending(tx, delivery_ids)
    await enqueue_each(tx, JobName.DELIVER_WEBHOOK, replayed)
    return replayed


async def _live(tx: Tx, webhook_id: WebhookId) -> None:
    """Hold a webhook as it is, so that it is not disabled meanwhile."""
    found = await queries.find_webhook(tx, webhook_id, lock=True)
    if found is None:
        raise WebhookNotKnown
    if found.disabled_at is not None:
        raise InputNotValid("the webhook is disabled; enable it first")


async def _position(tx: Tx, webhook_id: WebhookId, delivery_id: DeliveryId) -> int:
    found = await queries_deliveries.find_delivery(tx, delivery_id)
    if found is None or found.webhook_id != webhook_id:
        raise InputNotValid("after is not a delivery of this webhook")
    return found.position
