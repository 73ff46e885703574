"""Preconditions, row by row of RFC 9110, section 13."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.http.conditions import Verdict, judge, range_applies

TAG = '"abc"'
STORED = datetime(2026, 3, 4, 10, 30, 15, tzinfo=UTC)
EXACTLY = "Wed, 04 Mar 2026 10:30:15 GMT"
BEFORE = "Wed, 04 Mar 2026 10:30:14 GMT"
AFTER = "Wed, 04 Mar 2026 10:30:16 GMT"

PROCEED, SAME, FAILED = Verdict.PROCEED, Verdict.NOT_MODIFIED, Verdict.FAILED


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({}, PROCEED),
        ({"if-none-match": '"abc"'}, SAME),
        ({"if-none-match": 'W/"abc"'}, SAME),
        ({"if-none-match": "*"}, SAME),
        ({"if-none-match": '"x", W/"y" ,"abc"'}, SAME),
        ({"if-none-match": ', ,"abc",'}, SAME),
        ({"if-none-match": '"x"'}, PROCEED),
        ({"if-none-match": "abc"}, PROCEED),
        ({"if-none-match": '"x,"abc"'}, PROCEED),
        ({"if-none-match": '"a, "abc", b"'}, PROCEED),
        ({"if-none-match": ""}, PROCEED),
        ({"if-match": '"abc"'}, PROCEED),
        ({"if-match": "*"}, PROCEED),
        ({"if-match": 'W/"abc"'}, FAILED),
        ({"if-match": '"x"'}, FAILED),
        ({"if-match": ""}, FAILED),
        ({"if-match": '"x"', "if-none-match": '"abc"'}, FAILED),
        ({"if-match": '"abc"', "if-none-match": '"abc"'}, SAME),
        ({"if-modified-since": EXACTLY}, SAME),
        ({"if-modified-since": AFTER}, SAME),
        ({"if-modified-since": BEFORE}, PROCEED),
        ({"if-modified-since": "yesterday"}, PROCEED),
        ({"if-modified-since": "Wed, 04 Mar 99999999999 10:30:14 GMT"}, PROCEED),
        ({"if-modified-since": AFTER, "if-none-match": '"x"'}, PROCEED),
        ({"if-unmodified-since": BEFORE}, FAILED),
        ({"if-unmodified-since": EXACTLY}, PROCEED),
        ({"if-unmodified-since": "yesterday"}, PROCEED),
        ({"if-unmodified-since": BEFORE, "if-match": '"abc"'}, PROCEED),
    ],
)
def test_preconditions(fields: dict[str, str], verdict: Verdict) -> None:
    assert judge(fields, TAG, STORED) is verdict


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        (None, True),
        ('"abc"', True),
        ('W/"abc"', False),
        ('"x"', False),
        ("*", False),
        (EXACTLY, True),
        (AFTER, False),
        (BEFORE, False),
        ("Wednesday, 04-Mar-26 10:30:15 GMT", False),
    ],
)
def test_if_range(condition: str | None, applies: bool) -> None:
    fields = {} if condition is None else {"if-range": condition}
    assert range_applies(fields, TAG, STORED) is applies


@given(st.text(max_size=80))
def test_any_text_is_judged(text: str) -> None:
    for name in ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"):
        judge({name: text}, TAG, STORED)
