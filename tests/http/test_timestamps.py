"""Times as each contract writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from casekeep.http.timestamps import http_date, milliseconds, seconds

AT = datetime(2026, 3, 4, 10, 30, 15, 999_999, tzinfo=UTC)


def test_the_clinician_contract_cuts_to_seconds() -> None:
    assert seconds(AT) == "2026-03-04T10:30:15Z"


def test_the_portal_contract_has_exactly_three_decimals() -> None:
    assert milliseconds(AT) == "2026-03-04T10:30:15.999Z"
    assert milliseconds(AT.replace(microsecond=0)) == "2026-03-04T10:30:15.000Z"


def test_every_zone_is_told_in_utc() -> None:
    east = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert seconds(east) == "2026-03-04T10:30:15Z"
    assert milliseconds(east) == "2026-03-04T10:30:15.999Z"
    assert http_date(east) == "Wed, 04 Mar 2026 10:30:15 GMT"


def test_a_time_without_a_zone_is_not_told() -> None:
    for tell in (seconds, milliseconds, http_date):
        with pytest.raises(ValueError, match="without a zone"):
            tell(AT.replace(tzinfo=None))
