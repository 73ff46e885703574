"""Makes an attempt at a delivery, and says what is to be done next. No transaction is open while
anything is sent; a case's deliveries to one webhook go one after the other.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import structlog

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Operator
from casekeep.jobs.queue import JobName, enqueue
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.ids import DeliveryId, OrganizationId, WebhookId
from casekeep.webhooks import queries, queries_deliveries
from casekeep.webhooks.model import DeliveryState, Failure, WriteBody
from casekeep.webhooks.queries_deliveries import Claim, Result
from casekeep.webhooks.secrets import WebhookSecrets
from casekeep.webhooks.sending import Sender, is_delivered
from casekeep.webhooks.signing import signed_headers

RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 21600, 43200)
)
"""How long after each failure the next attempt comes; after the last, the delivery has failed."""

_LEASE = timedelta(seconds=60)
"""How long an attempt is nobody else's: longer than writing the body and sending it may take."""
_A_MOMENT = timedelta(milliseconds=50)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Delivering:
    """What delivering works with. `write_body`: puts into words what happened, as of now."""

    db: Database
    audit: AuditLog
    secrets: WebhookSecrets
    sender: Sender
    write_body: WriteBody
    retries: Sequence[timedelta] = RETRIES
    lease: timedelta = _LEASE
    clock: Clock = utc_now


async def deliver(parts: Delivering, organization_id: OrganizationId, delivery: UUID) -> None:
    """Try a delivery, if it is its turn. Whoever ends an earlier one of its case calls again, and
    so does the queue when it is due: calling too often does no harm.
    """
    delivery_id = DeliveryId(delivery)
    async with parts.db.transaction(organization_id) as tx:
        claim = await _begin(tx, parts, delivery_id)
    if claim is None:
        return
    result = await _attempt(parts, claim)
    async with parts.db.transaction(organization_id) as tx:
        await _end(tx, parts, claim, result)
    _log.info(
        "webhook.attempted",
        organization_id=organization_id,
        webhook_id=claim.occurrence.webhook_id,
        delivery_id=delivery_id,
        attempt=claim.attempt,
        status=result.status,
        error=result.error,
        milliseconds=result.duration_ms,
    )


async def _begin(tx: Tx, parts: Delivering, delivery_id: DeliveryId) -> Claim | None:
    """Claim the next attempt, unless it is not due, another's, or after something earlier."""
    case_id = await queries_deliveries.case_of(tx, delivery_id)
    if case_id is None:
        return None
    await queries_deliveries.lock_case(tx, case_id)
    look = await queries_deliveries.look_at(tx, delivery_id)
    if look is None or look.state is not DeliveryState.PENDING or look.has_earlier:
        return None
    if look.wait > timedelta():
        await enqueue(tx, JobName.DELIVER_WEBHOOK, delivery_id, after=look.wait + _A_MOMENT)
        return None
    claim = await queries_deliveries.claim(tx, delivery_id, parts.lease)
    if claim is None:  # it was announced while the webhook was being disabled
        await _give_up(tx, look.webhook_id, delivery_id)
    return claim


async def _give_up(tx: Tx, webhook_id: WebhookId, delivery_id: DeliveryId) -> None:
    """Tell a disabled webhook nothing more; one that is enabled again gets another try."""
    webhook = await queries.find_webhook(tx, webhook_id, lock=True)
    if webhook is None:
        return
    if webhook.disabled_at is None:
        await enqueue(tx, JobName.DELIVER_WEBHOOK, delivery_id)
    else:
        await queries.give_up_pending(tx, webhook_id)


async def _attempt(parts: Delivering, claim: Claim) -> Result:
    """Write the body and send it. A body that cannot be written is a failure like any other: it is
    tried again, and holds its case up no longer than that.
    """
    occurrence = claim.occurrence
    try:
        secret = _secret(parts, claim)
        body = await parts.write_body(occurrence)
    except Exception as error:  # noqa: BLE001 - whatever it is, the deliveries behind it must go on
        _log.warning("webhook.not_written", delivery_id=occurrence.delivery_id, exc_info=error)
        return Result(None, Failure.NOT_WRITTEN.value, 0)
    headers = signed_headers(body, occurrence.delivery_id, parts.clock(), secret)
    return await parts.sender.send(claim.url, body, headers)


def _secret(parts: Delivering, claim: Claim) -> str | None:
    of = claim.occurrence
    if claim.sealed_secret is None:
        return None
    return parts.secrets.open(claim.sealed_secret, of.organization_id, of.webhook_id)


async def _end(tx: Tx, parts: Delivering, claim: Claim, result: Result) -> None:
    """Write down what came of it, and have the next thing done: a retry, or what comes after it."""
    occurrence = claim.occurrence
    if result.status == HTTPStatus.GONE:
        await queries.find_webhook(tx, occurrence.webhook_id, lock=True)
    await queries_deliveries.note_result(tx, claim, result)
    state, retry = _verdict(parts.retries, claim, result)
    if not await queries_deliveries.settle(tx, claim, result, state, retry):
        return
    if result.status == HTTPStatus.GONE:
        await _disable(tx, parts, claim)
        return
    if retry is not None:
        await enqueue(tx, JobName.DELIVER_WEBHOOK, occurrence.delivery_id, after=retry)
        return
    following = await queries_deliveries.next_pending(tx, occurrence.webhook_id, occurrence.case_id)
    if following is not None:
        await enqueue(tx, JobName.DELIVER_WEBHOOK, following)


def _verdict(
    retries: Sequence[timedelta], claim: Claim, result: Result
) -> tuple[DeliveryState, timedelta | None]:
    """What an attempt makes of its delivery, and when the next one comes, if it does."""
    if result.status is not None and is_delivered(result.status):
        return DeliveryState.DELIVERED, None
    if result.status == HTTPStatus.GONE or claim.tries > len(retries):
        return DeliveryState.FAILED, None
    return DeliveryState.PENDING, retries[claim.tries - 1] * random.uniform(0.8, 1.2)


async def _disable(tx: Tx, parts: Delivering, claim: Claim) -> None:
    """A receiver that says it is gone is told nothing more."""
    webhook_id = claim.occurrence.webhook_id
    if await queries.set_disabled(tx, webhook_id, parts.clock()):
        await queries.give_up_pending(tx, webhook_id)
        event = Event(Action.WEBHOOK_CHANGED, subject_id=webhook_id)
        await parts.audit.record(tx, who(Operator(tx.organization_id)), event)
