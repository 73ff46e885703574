"""Ranges against a reference that counts every byte."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casekeep.http.ranges import RangeNotSatisfiable, Span, requested_span


def naive(first: int | None, last: int | None, size: int) -> set[int] | None:
    """The offsets that `first-last` means, by looking at each of them; None: not a valid range."""
    if first is None:
        return None if last is None else {at for at in range(size) if at >= size - last}
    if last is not None and last < first:
        return None
    return {at for at in range(size) if at >= first and (last is None or at <= last)}


bounds = st.none() | st.integers(0, 70)


@given(bounds, bounds, st.integers(0, 60))
@example(None, 5, 0)
@example(None, 0, 5)
@example(0, None, 0)
def test_a_single_range_is_the_bytes_it_says(
    first: int | None, last: int | None, size: int
) -> None:
    field = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    expected = naive(first, last, size)
    try:
        span = requested_span(field, size)
    except RangeNotSatisfiable:
        assert expected == set()
        return
    if span is None:  # the whole, which is also right for the end of an empty file
        assert expected is None or (expected == set() and first is None and last and not size)
    else:
        assert set(range(span.start, span.start + span.length)) == expected
        assert span.last == max(expected)


@pytest.mark.parametrize(
    ("field", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=9-", Span(9, 1)),
        ("bytes=-1", Span(9, 1)),
        ("bytes=5-99999999999999999999999", Span(5, 5)),
        ("bytes=-99999999999999999999999", Span(0, 10)),
        ("Bytes=2-3", Span(2, 2)),
        ("bytes= 2-3 ,", Span(2, 2)),
        ("bytes=,\t2-3", Span(2, 2)),
    ],
)
def test_ranges_as_they_may_be_written(field: str, span: Span) -> None:
    assert requested_span(field, 10) == span


@pytest.mark.parametrize(
    "field",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=3-2",
        "bytes=0-1,3-4",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=1 - 2",
        "bytes=--1",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=\u0661-\u0662",
        "bytes:0-1",
        "pages=0-1",
        f"bytes={'9' * 5000}-",
    ],
)
def test_what_is_no_single_range_means_the_whole(field: str) -> None:
    assert requested_span(field, 10) is None


@pytest.mark.parametrize("field", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999-"])
def test_a_range_outside_of_the_file_cannot_be_satisfied(field: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested_span(field, 10)


@given(st.text(max_size=60), st.integers(0, 100))
def test_any_text_is_a_span_within_the_file_or_the_whole(text: str, size: int) -> None:
    for field in (text, "bytes=" + text):
        try:
            span = requested_span(field, size)
        except RangeNotSatisfiable:
            continue
        assert span is None or 0 <= span.start <= span.last < size
