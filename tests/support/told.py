"""A webhook for a furnished clinic, and what it is to be told."""

from collections.abc import Callable

from casekeep.http.house import House
from casekeep.identity.model import Operator
from casekeep.kernel.ids import OrganizationId
from casekeep.webhooks.addresses import Allowed
from casekeep.webhooks.model import NewWebhook, Webhook, WebhookEvent
from casekeep.webhooks.registering import add_webhook
from casekeep.webhooks.replaying import list_deliveries
from casekeep.webhooks.secrets import WebhookSecrets


async def everything_told(
    house: House, organization_id: OrganizationId, word: Callable[[], str]
) -> Webhook:
    """A webhook that is told everything, by a name that leads to a public address."""

    async def resolve(_: str, __: int) -> list[str]:
        return ["8.8.8.8"]

    new = NewWebhook(word(), f"https://{word()}.example/{word()}", tuple(WebhookEvent))
    actor, secrets = Operator(organization_id), WebhookSecrets(b"k" * 32)
    webhook, _ = await add_webhook(
        house.db, house.audit, secrets, Allowed((), resolve), actor=actor, new=new
    )
    return webhook


async def first_delivery(house: House, webhook: Webhook) -> str:
    """The first of what the webhook is to be told."""
    actor = Operator(webhook.organization_id)
    page = await list_deliveries(house.db, house.audit, actor, webhook.id)
    return str(page.deliveries[-1].id)
