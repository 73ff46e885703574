"""SQL of webhooks: rows in, frozen data out. It decides nothing."""

from datetime import datetime

from casekeep.db.database import Row, Tx
from casekeep.kernel.ids import WebhookId
from casekeep.webhooks.model import DocumentFormat, Failure, Webhook, WebhookEvent

_COLUMNS = """id, organization_id, label, url, events, document_format,
    sealed_secret is not null as is_signed, created_at, disabled_at"""


async def subscribed(tx: Tx, event: WebhookEvent) -> list[WebhookId]:
    """The live webhooks that are told of this event; none of them is deleted until the transaction
    ends, so that no act fails for it. Almost every act asks, so it is one look into an index that
    is empty for almost everybody.
    """
    rows = await tx.fetch(
        """select id from webhooks
           where organization_id = $1 and disabled_at is null and $2 = any(events)
           order by id for key share""",
        tx.organization_id,
        event.value,
    )
    return [row["id"] for row in rows]


async def insert_webhook(tx: Tx, webhook: Webhook, sealed_secret: bytes | None) -> None:
    """Write a new webhook."""
    await tx.execute(
        """insert into webhooks (organization_id, id, label, url, events, document_format,
                                 sealed_secret, created_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        tx.organization_id,
        webhook.id,
        webhook.label,
        webhook.url,
        [event.value for event in webhook.events],
        webhook.document_format.value,
        sealed_secret,
        webhook.created_at,
    )


async def all_webhooks(tx: Tx) -> tuple[Webhook, ...]:
    """Every webhook of the organisation, also the disabled ones, oldest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from webhooks where organization_id = $1 order by created_at, id",  # noqa: S608 - constant columns
        tx.organization_id,
    )
    return tuple(_webhook(row) for row in rows)


async def find_webhook(tx: Tx, webhook_id: WebhookId, *, lock: bool = False) -> Webhook | None:
    """One webhook. `lock`: hold its row until the transaction ends; whoever changes deliveries too
    does so first, so that no two wait for each other.
    """
    held = " for no key update" if lock else ""
    row = await tx.fetch_row(
        f"select {_COLUMNS} from webhooks where organization_id = $1 and id = $2{held}",  # noqa: S608 - constant columns
        tx.organization_id,
        webhook_id,
    )
    return None if row is None else _webhook(row)


async def set_disabled(tx: Tx, webhook_id: WebhookId, at: datetime | None) -> bool:
    """Turn a webhook off, or on (`at` None); False if it is so already, or there is none."""
    return (
        await tx.execute(
            """update webhooks set disabled_at = $3 where organization_id = $1 and id = $2
               and (disabled_at is null) <> ($3::timestamptz is null)""",
            tx.organization_id,
            webhook_id,
            at,
        )
        == 1
    )


async def give_up_pending(tx: Tx, webhook_id: WebhookId) -> None:
    """What waits for a held webhook that was turned off has failed."""
    await tx.execute(
        """update webhook_deliveries
           set state = 'failed', next_attempt_at = null, claimed_until = null, last_error = $3
           where organization_id = $1 and webhook_id = $2 and state = 'pending'""",
        tx.organization_id,
        webhook_id,
        Failure.DISABLED.value,
    )


async def delete_webhook(tx: Tx, webhook_id: WebhookId) -> bool:
    """Delete a webhook with its deliveries; False if there is none."""
    return (
        await tx.execute(
            "delete from webhooks where organization_id = $1 and id = $2",
            tx.organization_id,
            webhook_id,
        )
        == 1
    )


def _webhook(row: Row) -> Webhook:
    return Webhook(
        row["id"],
        row["organization_id"],
        row["label"],
        row["url"],
        tuple(WebhookEvent(each) for each in row["events"]),
        DocumentFormat(row["document_format"]),
        row["is_signed"],
        row["created_at"],
        row["disabled_at"],
    )
