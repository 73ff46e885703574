"""Spans of time, cut to what one call may ask for."""

from collections.abc import Iterator
from datetime import datetime, timedelta

LONGEST = timedelta(days=60)


def cut(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The span from `start` to before `end` in pieces of at most 60 days, the newest first; none
    overlaps another. Raises ValueError unless `end` is later.
    """
    if end <= start:
        raise ValueError("end must be later than start")
    while start < end:
        since = max(end - LONGEST, start)
        yield since, end
        end = since
