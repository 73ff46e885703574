"""What the administrator's calls answer with, as frozen data."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

Time = Annotated[datetime, msgspec.Meta(tz=True)]
FindingKind = Literal["missing", "truncated", "altered", "unreadable", "orphaned"]
FindingState = Literal["open", "mended"]


class Hold(msgspec.Struct, frozen=True):
    """A legal hold on a case or a file. `placed_by`, `lifted_by`: None for the operator."""

    hold_id: UUID
    case_id: UUID | None
    file_id: UUID | None
    reason: str
    placed_by: UUID | None
    placed_at: Time
    lifted_by: UUID | None = None
    lifted_at: Time | None = None


class Finding(msgspec.Struct, frozen=True):
    """What is wrong with the stored bytes of a file, or was until `mended_at`."""

    finding_id: UUID
    file_id: UUID
    kind: str
    first_seen_at: Time
    last_seen_at: Time
    mended_at: Time | None = None


class HoldPage(msgspec.Struct, frozen=True):
    """A page of holds, on the wire."""

    holds: list[Hold]
    next: str | None = None


class OneHold(msgspec.Struct, frozen=True):
    """A hold, on the wire."""

    hold: Hold


class FindingPage(msgspec.Struct, frozen=True):
    """A page of findings, on the wire."""

    findings: list[Finding]
    next: UUID | None = None


HoldRef = Hold | UUID
"""A hold, or its id."""


def hold_id_of(hold: HoldRef) -> str:
    """How a hold stands in a path."""
    return str(hold.hold_id if isinstance(hold, Hold) else hold)
