"""Webhooks, deliveries and attempts as they leave the room: frozen data. A secret is never among
it, and an error is a word of our own.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from casekeep.kernel.ids import CaseId, DeliveryId, FileId, OrganizationId, WebhookId


class WebhookEvent(StrEnum):
    """What can be told, in the words of the portal contract, "Webhooks"."""

    CASE_OPENED = "CREATE_CASE"
    STAGE_CHANGED = "CHANGE_CASE_STATUS"
    FILE_ADDED = "ADD_CASE_ATTACHMENT"
    FILE_REMOVED = "DELETE_ATTACHMENT"
    CASE_COMMENTED = "ADD_CASE_COMMENT"


class DocumentFormat(StrEnum):
    """How a body carries the files that it tells of: not at all, whole, or as a signed link."""

    NONE = "none"
    BASE64 = "base64"
    URL = "url"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Failure(StrEnum):
    """Why nothing was delivered, where there was no answer."""

    TIMED_OUT = "timed out"
    NOT_FOUND = "host not found"
    REFUSED = "connection refused"
    NOT_CONNECTED = "no connection"
    TLS = "TLS failed"
    NOT_ALLOWED = "address not allowed"
    BROKEN = "answer broken off"
    NOT_WRITTEN = "body not written"
    DISABLED = "webhook disabled"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where an organisation's partner is told what. `is_signed`: it has a secret."""

    id: WebhookId
    organization_id: OrganizationId
    label: str
    url: str
    events: tuple[WebhookEvent, ...]
    document_format: DocumentFormat
    is_signed: bool
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What somebody wants of a new webhook."""

    label: str
    url: str
    events: tuple[WebhookEvent, ...]
    document_format: DocumentFormat = DocumentFormat.NONE
    is_signed: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that is to be told to one webhook, or was. `position` orders them; `last_error` is
    a `Failure`, or `answered` and a status.
    """

    id: DeliveryId
    webhook_id: WebhookId
    position: int
    event: WebhookEvent
    case_id: CaseId
    file_id: FileId | None
    communication_id: UUID | None
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. Without `duration_ms` it is under way, or was cut off."""

    number: int
    at: datetime
    duration_ms: int | None
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What a body is to be written about. `stage`: the case's stage when it happened."""

    organization_id: OrganizationId
    webhook_id: WebhookId
    delivery_id: DeliveryId
    event: WebhookEvent
    case_id: CaseId
    file_id: FileId | None
    communication_id: UUID | None
    stage: str | None
    document_format: DocumentFormat


WriteBody = Callable[[Occurrence], Awaitable[bytes]]
"""Writes the JSON body for what happened, from what is kept of it now."""
