"""Ids of the house: UUIDs of version 7 (RFC 9562), one type for each kind of thing."""

from typing import NewType
from uuid import UUID

from uuid_utils.compat import uuid7

OrganizationId = NewType("OrganizationId", UUID)
UserId = NewType("UserId", UUID)
CaseId = NewType("CaseId", UUID)
CaseNumber = NewType("CaseNumber", int)
FileId = NewType("FileId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
SignInId = NewType("SignInId", UUID)
WebhookId = NewType("WebhookId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
FormId = NewType("FormId", UUID)
AnswerId = NewType("AnswerId", UUID)
CommunicationId = NewType("CommunicationId", UUID)
IssuerId = NewType("IssuerId", UUID)
HoldId = NewType("HoldId", UUID)
OrganizationKeyId = NewType("OrganizationKeyId", UUID)
UploadId = NewType("UploadId", UUID)

CaseRef = CaseId | CaseNumber
"""Either id of a case: its UUID, or its number within the organisation."""


def new_id() -> UUID:
    """A fresh id; ids made by one process sort in the order they were made."""
    return uuid7()
