"""The chain of hashes over an organisation's events: how an event is written out, and how each
link follows from the one before. Never change it: old chains must verify for ever.

A link is `SHA-256(previous link + position + event)`: the previous link's 32 bytes (32 zero bytes
before the first), the position as 8 bytes, most significant first, counted from 1, and the event as
JSON in UTF-8 with sorted keys and no white space: ids as text, `occurred_at` in UTC with six
decimals and a Z, absent values as null, `details` as an object.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from casekeep.db.database import Row

GENESIS = bytes(32)
"""What the first link follows from."""

REACH = timedelta(minutes=2)
"""How far behind the newest sealed event another may still lie and be sealed. It covers the slowest
transaction and the latest note; an event dated back further can only have been slipped in.
"""

FIELDS = (
    "id",
    "organization_id",
    "occurred_at",
    "action",
    "outcome",
    "actor_kind",
    "actor_id",
    "case_id",
    "file_id",
    "subject_id",
    "request_id",
    "details",
)
"""What of an event a link covers: every column there is."""

COLUMNS = ", ".join(f"e.{name}" for name in FIELDS)
"""The same, for a query that calls `audit_events` e."""


def link(previous: bytes, position: int, row: Row | Mapping[str, Any]) -> bytes:
    """The hash at `position`. `row`: an event, by the names of `FIELDS`."""
    return sha256(previous + position.to_bytes(8, "big") + canonical(row)).digest()


def canonical(row: Row | Mapping[str, Any]) -> bytes:
    """An event written out as the module's text says."""
    written: dict[str, Any] = {name: _plain(row[name]) for name in FIELDS}
    written["details"] = json.loads(row["details"])
    return json.dumps(
        written, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _plain(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return None if value is None else str(value)
