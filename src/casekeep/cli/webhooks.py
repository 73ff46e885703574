"""Webhooks from a shell on the server: where partners' software is told what happened. A secret is
shown once, here.
"""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.cli.options import DataOption, JsonOption, OrgOption, within
from casekeep.cli.printing import print_json, print_table, shown_time
from casekeep.db.database import Database
from casekeep.identity.model import Operator
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import DeliveryId, OrganizationId, WebhookId
from casekeep.settings import load_settings
from casekeep.webhooks.model import (
    Attempt,
    Delivery,
    DeliveryState,
    DocumentFormat,
    NewWebhook,
    Webhook,
    WebhookEvent,
)

if TYPE_CHECKING:
    from casekeep.webhooks.replaying import Page

webhooks = typer.Typer(help="Webhooks, by which partners' software is told what happened.")

WebhookArgument = Annotated[
    UUID, typer.Argument(help="The webhook's id, from `casekeep webhook list`.")
]
_TITLES = ("id", "event", "case", "state", "attempts", "last error", "next attempt", "created")


@webhooks.command("add")
def add(
    org: OrgOption,
    url: Annotated[str, typer.Option(help="Where to POST: https://partner.example/hook.")],
    label: Annotated[str, typer.Option(help="What it is for, to tell it from others.")],
    event: Annotated[
        list[WebhookEvent] | None,
        typer.Option(help="An event to tell; repeat it for several. All of them if not given."),
    ] = None,
    documents: Annotated[
        DocumentFormat,
        typer.Option(help="Whether bodies carry files: none, base64, or url (a signed link)."),
    ] = DocumentFormat.NONE,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Make no secret: nobody can prove who sends.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell a partner's software what happens to cases. The secret is shown once and never again.

    The URL must be https and lead to a public address; CASEKEEP_WEBHOOK_PRIVATE_NETWORKS allows
    others. What is sent, and how to check a signature: docs/howto/webhooks.md.

    Example: `casekeep webhook add --org ID --label CRM --url https://crm.example/hook`
    """
    from casekeep.bootstrap.house import reachable, webhook_secrets  # noqa: PLC0415 - heavy
    from casekeep.webhooks import registering  # noqa: PLC0415 - heavy, and needed here only

    settings = load_settings({"data": data})
    events = tuple(event or WebhookEvent)
    new = NewWebhook(label, url, events, documents, is_signed=not unsigned)

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> tuple[Webhook, str | None]:
        secrets, allowed = webhook_secrets(settings), reachable(settings)
        return await registering.add_webhook(
            db, audit, secrets, allowed, actor=Operator(org), new=new
        )

    webhook, secret = within(data, org, act)
    if as_json:
        print_json({"webhook_id": webhook.id, "secret": secret})
        return
    if secret is not None:
        typer.echo(f"Secret  {secret}   (keep it now: it is not shown again)")
    typer.echo(f"Its id  {webhook.id}")


@webhooks.command("list")
def list_all(org: OrgOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the webhooks of an organisation, also the disabled ones.

    Example: `casekeep webhook list --org ID`
    """
    from casekeep.webhooks import registering  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> tuple[Webhook, ...]:
        return await registering.list_webhooks(db, audit, Operator(org))

    found = within(data, org, act)
    if as_json:
        print_json({"webhooks": [_encoded(each) for each in found]})
        return
    rows = [
        (str(each.id), each.label, each.url, "disabled" if each.disabled_at else "live")
        for each in found
    ]
    print_table(("id", "label", "url", "state"), rows)


@webhooks.command("show")
def show(
    org: OrgOption,
    webhook_id: WebhookArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all that is known of a webhook, but its secret.

    Example: `casekeep webhook show --org ID WEBHOOK_ID`
    """
    from casekeep.webhooks import registering  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> Webhook:
        return await registering.show_webhook(db, audit, Operator(org), WebhookId(webhook_id))

    found = within(data, org, act)
    if as_json:
        print_json(_encoded(found))
        return
    rows = [
        ("id", str(found.id)),
        ("label", found.label),
        ("url", found.url),
        ("events", ", ".join(found.events)),
        ("documents", found.document_format.value),
        ("signed", "yes" if found.is_signed else "no"),
        ("created", shown_time(found.created_at)),
        ("disabled", shown_time(found.disabled_at)),
    ]
    print_table(("what", "value"), rows)


@webhooks.command("disable")
def disable(
    org: OrgOption,
    webhook_id: WebhookArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell a webhook nothing more; what waits for it has failed. Safe to repeat.

    Example: `casekeep webhook disable --org ID WEBHOOK_ID`
    """
    from casekeep.webhooks import registering  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> Webhook:
        return await registering.disable_webhook(db, audit, Operator(org), WebhookId(webhook_id))

    found = within(data, org, act)
    _tell(as_json, {"webhook_id": found.id, "disabled": True}, f"Disabled {found.id}")


@webhooks.command("enable")
def enable(
    org: OrgOption,
    webhook_id: WebhookArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell a disabled webhook again of what happens from now on. Safe to repeat.

    What failed meanwhile is sent by `casekeep webhook replay --failed`; what happened while it was
    disabled is not told.

    Example: `casekeep webhook enable --org ID WEBHOOK_ID`
    """
    from casekeep.bootstrap.house import reachable  # noqa: PLC0415 - heavy
    from casekeep.webhooks import registering  # noqa: PLC0415 - heavy, and needed here only

    settings = load_settings({"data": data})

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> Webhook:
        allowed, wanted = reachable(settings), WebhookId(webhook_id)
        return await registering.enable_webhook(db, audit, allowed, Operator(org), wanted)

    found = within(data, org, act)
    _tell(as_json, {"webhook_id": found.id, "disabled": False}, f"Enabled {found.id}")


@webhooks.command("remove")
def remove(
    org: OrgOption,
    webhook_id: WebhookArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a webhook, its secret and the record of its deliveries, for good.

    Example: `casekeep webhook remove --org ID WEBHOOK_ID`
    """
    from casekeep.webhooks import registering  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> None:
        await registering.remove_webhook(db, audit, Operator(org), WebhookId(webhook_id))

    within(data, org, act)
    _tell(as_json, {"webhook_id": webhook_id, "removed": True}, f"Removed {webhook_id}")


@webhooks.command("deliveries")
def deliveries(
    org: OrgOption,
    webhook_id: WebhookArgument,
    state: Annotated[
        DeliveryState | None, typer.Option(help="Only pending, delivered or failed ones.")
    ] = None,
    after: Annotated[
        UUID | None, typer.Option(help="Go on behind this delivery, for the next page.")
    ] = None,
    most: Annotated[int, typer.Option(help="How many to show.", min=1, max=1000)] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a webhook was told, or is to be told, the newest first.

    A delivery is pending until the receiver answers with success; it has failed when the last retry
    did. `casekeep webhook attempts` shows every try at one of them.

    Example: `casekeep webhook deliveries --org ID WEBHOOK_ID --state failed`
    """
    from casekeep.webhooks import replaying  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> "Page":
        return await replaying.list_deliveries(
            db, audit, Operator(org), WebhookId(webhook_id), state=state, after=after, most=most
        )

    page = within(data, org, act)
    if as_json:
        shown = [_encoded_delivery(each) for each in page.deliveries]
        print_json({"deliveries": shown, "after": page.after})
        return
    print_table(_TITLES, [_row(each) for each in page.deliveries])
    if page.after:
        typer.echo(f"There are more: --after {page.after}")


@webhooks.command("attempts")
def attempts(
    org: OrgOption,
    delivery_id: Annotated[
        UUID, typer.Argument(help="The delivery's id, from `casekeep webhook deliveries`.")
    ],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every try at a delivery: when, how long it took, and what came of it.

    Example: `casekeep webhook attempts --org ID DELIVERY_ID`
    """
    from casekeep.webhooks import replaying  # noqa: PLC0415 - heavy, and needed here only

    async def act(
        db: Database, audit: AuditLog, org: OrganizationId
    ) -> tuple[Delivery, tuple[Attempt, ...]]:
        return await replaying.show_delivery(db, audit, Operator(org), DeliveryId(delivery_id))

    delivery, tries = within(data, org, act)
    if as_json:
        print_json({**_encoded_delivery(delivery), "tries": [_encoded_try(t) for t in tries]})
        return
    rows = [
        (str(t.number), f"{t.at:%Y-%m-%d %H:%M:%S}", _number(t.duration_ms), _came_of(t))
        for t in tries
    ]
    print_table(("number", "at", "milliseconds", "what came of it"), rows)


@webhooks.command("replay")
def replay(
    org: OrgOption,
    delivery_id: Annotated[
        UUID | None, typer.Argument(help="The delivery's id, delivered or failed.")
    ] = None,
    failed: Annotated[
        UUID | None,
        typer.Option("--failed", help="Instead: the id of a webhook, all of whose failed ones go."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a delivery again, or all failed ones of a webhook, under the same ids.

    Examples: `casekeep webhook replay --org ID DELIVERY_ID`, or with `--failed WEBHOOK_ID`
    """
    from casekeep.webhooks import replaying  # noqa: PLC0415 - heavy, and needed here only

    if (delivery_id is None) == (failed is None):
        raise InputNotValid("give a delivery's id, or --failed and a webhook's")

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> int:
        if failed is not None:
            return await replaying.replay_failed(db, audit, Operator(org), WebhookId(failed))
        if delivery_id is not None:
            await replaying.replay_delivery(db, audit, Operator(org), DeliveryId(delivery_id))
        return 1

    count = within(data, org, act)
    _tell(as_json, {"replayed": count}, f"Replayed {count}")


def _tell(as_json: bool, value: dict[str, object], text: str) -> None:
    if as_json:
        print_json(value)
    else:
        typer.echo(text)


def _encoded(webhook: Webhook) -> dict[str, object]:
    return {
        "webhook_id": webhook.id,
        "label": webhook.label,
        "url": webhook.url,
        "events": webhook.events,
        "document_format": webhook.document_format,
        "signed": webhook.is_signed,
        "created_at": webhook.created_at,
        "disabled_at": webhook.disabled_at,
    }


def _encoded_delivery(delivery: Delivery) -> dict[str, object]:
    return {
        "delivery_id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event": delivery.event,
        "case_id": delivery.case_id,
        "file_id": delivery.file_id,
        "communication_id": delivery.communication_id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "next_attempt_at": delivery.next_attempt_at,
        "created_at": delivery.created_at,
        "delivered_at": delivery.delivered_at,
    }


def _encoded_try(attempt: Attempt) -> dict[str, object]:
    return {
        "number": attempt.number,
        "at": attempt.at,
        "duration_ms": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error,
    }


def _row(delivery: Delivery) -> tuple[str, ...]:
    return (
        str(delivery.id),
        delivery.event.value,
        str(delivery.case_id),
        delivery.state.value,
        str(delivery.attempts),
        delivery.last_error or "-",
        shown_time(delivery.next_attempt_at),
        shown_time(delivery.created_at),
    )


def _came_of(attempt: Attempt) -> str:
    if attempt.duration_ms is None:
        return "under way, or cut off"
    return attempt.error or f"answered {attempt.status}"


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
