"""Conditional requests (RFC 9110, section 13): what the client already holds decides the answer."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from .timestamps import http_date

_TAG = re.compile(r'[\s,]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?=,|$)')


class Verdict(Enum):
    """What the preconditions of a GET or HEAD say."""

    PROCEED = 200
    NOT_MODIFIED = 304
    FAILED = 412


def judge(fields: Mapping[str, str], etag: str, modified: datetime | None = None) -> Verdict:
    """Judge the preconditions of a GET or HEAD in the order of RFC 9110, section 13.2.2.

    `fields`: header fields by lower-case name. `etag`: the strong validator, with its quotes.
    """
    if "if-match" in fields:
        if not _names(fields["if-match"], etag, weak=False):
            return Verdict.FAILED
    elif modified and (limit := _date(fields.get("if-unmodified-since"))) and modified > limit:
        return Verdict.FAILED
    if "if-none-match" in fields:
        seen = _names(fields["if-none-match"], etag, weak=True)
        return Verdict.NOT_MODIFIED if seen else Verdict.PROCEED
    if modified and (known := _date(fields.get("if-modified-since"))) and modified <= known:
        return Verdict.NOT_MODIFIED
    return Verdict.PROCEED


def range_applies(fields: Mapping[str, str], etag: str, modified: datetime) -> bool:
    """Whether If-Range, when there is one, lets the Range count (RFC 9110, section 13.1.5): only
    the exact strong tag or the exact date does.
    """
    condition = fields.get("if-range")
    return condition is None or condition.strip() in (etag, http_date(modified))


def _names(field: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of entity tags has `etag`, by weak or strong comparison, or is `*`."""
    if field.strip() == "*":
        return True
    at = 0
    while match := _TAG.match(field, at):
        tag = match[1].removeprefix("W/") if weak else match[1]
        if tag == etag:
            return True
        at = match.end()
    return False


def _date(field: str | None) -> datetime | None:
    """An HTTP date; one that does not parse is as good as none (RFC 9110, section 13.1.3)."""
    try:
        when = parsedate_to_datetime(field or "")
    except (ValueError, OverflowError):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when
