"""The calls by which an administrator looks after webhooks: what partners' software was told, what
it was not, and telling it again. They are made on the command line.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.params import QueryParameter

from casekeep.http.connections import house_of
from casekeep.http.timestamps import seconds
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import DeliveryId, WebhookId
from casekeep.webhooks.model import Delivery, DeliveryState, Webhook
from casekeep.webhooks.registering import list_webhooks
from casekeep.webhooks.replaying import list_deliveries, replay_delivery

from .errors import FieldsNotValid, field_problem
from .openapi import BEARER, ROLE_REFUSED, Told, WithoutBadRequest, refusals
from .proof import SignedInRequest, require_token
from .wire import IdInPath, Timestamp, read_uuid

_LARGEST_PAGE = 200
_USUAL_LIMIT = 50
_STATES = {state.value: state for state in DeliveryState}
_NOT_AN_ID = "Input should be a UUID"
_NOT_A_STATE = f"Input should be one of {', '.join(_STATES)}"
_NO_WEBHOOK = Told(404, "Webhook not found")
_NO_DELIVERY = Told(404, "Delivery not found")
_DISABLED = Told(400, "the webhook is disabled; enable it first")
_WEBHOOK_ID_REFUSED = Told(422, [field_problem("path", "webhook_id", _NOT_AN_ID, "abc")])
_DELIVERY_ID_REFUSED = Told(422, [field_problem("path", "delivery_id", _NOT_AN_ID, "abc")])
_STATE_REFUSED = Told(422, [field_problem("query", "state", _NOT_A_STATE, "lost")])

_State = Annotated[
    str | None,
    QueryParameter(
        name="state",  # which the framework keeps for itself as the name of an argument
        description="Only deliveries in this state.",
        schema_extra={"one_of": None, "type": "string", "enum": [*_STATES]},
    ),
]
_After = Annotated[
    str | None,
    QueryParameter(
        description="The `next` of the page before.",
        schema_extra={"one_of": None, "type": "string", "format": "uuid"},
    ),
]
_Limit = Annotated[
    str | None,
    QueryParameter(
        description=f"Deliveries on a page; {_USUAL_LIMIT} if not said.",
        schema_extra={
            "one_of": None,
            "type": "integer",
            "minimum": 1,
            "maximum": _LARGEST_PAGE,
        },
    ),
]


class WebhookOut(msgspec.Struct, frozen=True):
    """A webhook; never its secret. `document_format`: `none`, `base64` or `url`."""

    webhook_id: UUID
    label: str
    url: str
    events: list[str]
    document_format: str
    signed: bool
    created_at: Timestamp
    disabled_at: Timestamp | None


class WebhooksOut(msgspec.Struct, frozen=True):
    """Every webhook of the organisation, oldest first."""

    webhooks: list[WebhookOut]


class DeliveryOut(msgspec.Struct, frozen=True):
    """What a webhook was told, or is to be told. `state`: `pending`, `delivered` or `failed`;
    `last_error`: why the last attempt failed; `next_attempt_at`: null unless it is pending.
    """

    delivery_id: UUID
    webhook_id: UUID
    event: str
    case_id: UUID
    file_id: UUID | None
    communication_id: UUID | None
    state: str
    attempts: int
    last_status: int | None
    last_error: str | None
    next_attempt_at: Timestamp | None
    created_at: Timestamp
    delivered_at: Timestamp | None


class DeliveriesOut(msgspec.Struct, frozen=True):
    """A page of deliveries, newest first; `next` is the `after` of the following one."""

    deliveries: list[DeliveryOut]
    next: UUID | None


class DeliveryReplayed(msgspec.Struct, frozen=True):
    """A delivery that is made again, under the same id."""

    message: str
    delivery: DeliveryOut


@get(
    "/webhooks",
    summary="List webhooks",
    operation_class=WithoutBadRequest,
    responses=refusals(ROLE_REFUSED),
)
async def webhooks(request: SignedInRequest) -> WebhooksOut:
    """The organisation's webhooks, also the disabled ones. For administrators."""
    house = house_of(request)
    found = await list_webhooks(house.db, house.audit, request.auth.actor)
    return WebhooksOut([_webhook_out(each) for each in found])


@get(
    "/webhooks/{webhook_id:str}/deliveries",
    summary="List a webhook's deliveries",
    operation_class=WithoutBadRequest,
    responses=refusals(ROLE_REFUSED, _NO_WEBHOOK, _WEBHOOK_ID_REFUSED, _STATE_REFUSED),
)
async def webhook_deliveries(
    request: SignedInRequest,
    webhook_id: IdInPath,
    in_state: _State = None,
    after: _After = None,
    limit: _Limit = None,
) -> DeliveriesOut:
    """What a webhook was told, or is to be told, the newest first. For administrators."""
    house, actor = house_of(request), request.auth.actor
    wanted = WebhookId(read_uuid(webhook_id, "webhook_id", _NOT_AN_ID))
    behind = None if after is None else read_uuid(after, "after", _NOT_AN_ID, "query")
    chosen, most = _read_state(in_state), _read_limit(limit)
    try:
        page = await list_deliveries(
            house.db, house.audit, actor, wanted, state=chosen, after=behind, most=most
        )
    except InputNotValid as error:
        raise FieldsNotValid(field_problem("query", "after", str(error), after)) from None
    return DeliveriesOut([_delivery_out(each) for each in page.deliveries], page.after)


@post(
    "/deliveries/{delivery_id:str}/replay",
    summary="Replay a delivery",
    status_code=200,
    responses=refusals(_DISABLED, ROLE_REFUSED, _NO_DELIVERY, _DELIVERY_ID_REFUSED),
)
async def replay(request: SignedInRequest, delivery_id: IdInPath) -> DeliveryReplayed:
    """Make a delivery again, delivered or failed, under the same id; one that is pending stays as
    it is. For administrators.
    """
    house, actor = house_of(request), request.auth.actor
    wanted = DeliveryId(read_uuid(delivery_id, "delivery_id", _NOT_AN_ID))
    replayed = await replay_delivery(house.db, house.audit, actor, wanted)
    return DeliveryReplayed("Delivery will be made again", _delivery_out(replayed))


def _read_state(text: str | None) -> DeliveryState | None:
    if text is None:
        return None
    if text not in _STATES:
        raise FieldsNotValid(field_problem("query", "state", _NOT_A_STATE, text))
    return _STATES[text]


def _read_limit(text: str | None) -> int:
    if text is None:
        return _USUAL_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _LARGEST_PAGE):
        message = f"Input should be a whole number from 1 to {_LARGEST_PAGE}"
        raise FieldsNotValid(field_problem("query", "limit", message, text))
    return int(text)


def _webhook_out(webhook: Webhook) -> WebhookOut:
    return WebhookOut(
        webhook.id,
        webhook.label,
        webhook.url,
        [event.value for event in webhook.events],
        webhook.document_format.value,
        webhook.is_signed,
        seconds(webhook.created_at),
        None if webhook.disabled_at is None else seconds(webhook.disabled_at),
    )


def _delivery_out(delivery: Delivery) -> DeliveryOut:
    due, delivered = delivery.next_attempt_at, delivery.delivered_at
    return DeliveryOut(
        delivery.id,
        delivery.webhook_id,
        delivery.event.value,
        delivery.case_id,
        delivery.file_id,
        delivery.communication_id,
        delivery.state.value,
        delivery.attempts,
        delivery.last_status,
        delivery.last_error,
        None if due is None else seconds(due),
        seconds(delivery.created_at),
        None if delivered is None else seconds(delivered),
    )


router = Router(
    path="/admin",
    route_handlers=[webhooks, webhook_deliveries, replay],
    guards=[require_token],
    security=[BEARER],
    tags=["Webhooks"],
)
"""Ours: the published contract has no such calls."""
