"""Times on the wire: each contract's form of ISO 8601, and HTTP's own. Only aware times get out."""

from datetime import UTC, datetime
from email.utils import format_datetime


def seconds(when: datetime) -> str:
    """`2026-03-04T10:30:15Z`: the clinician contract's whole seconds; fractions are cut off."""
    return _in_utc(when).isoformat(timespec="seconds") + "Z"


def milliseconds(when: datetime) -> str:
    """`2026-03-04T10:30:15.123Z`: the portal contract's three decimals; the rest is cut off."""
    return _in_utc(when).isoformat(timespec="milliseconds") + "Z"


def http_date(when: datetime) -> str:
    """`Wed, 04 Mar 2026 10:30:15 GMT` (RFC 9110, section 5.6.7)."""
    return format_datetime(_in_utc(when).replace(tzinfo=UTC), usegmt=True)


def _in_utc(when: datetime) -> datetime:
    if when.tzinfo is UTC:  # as the database's driver gives them: the way of every list
        return when.replace(tzinfo=None)
    if when.tzinfo is None:
        raise ValueError("a time without a zone cannot be told to anybody")
    return when.astimezone(UTC).replace(tzinfo=None)
