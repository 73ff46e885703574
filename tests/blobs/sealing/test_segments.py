"""Where things lie in a sealed blob, by counting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.blobs.sealing.segments import (
    HEADER,
    SEGMENT,
    TAG,
    content_size,
    content_start,
    room_in,
    sealed_size,
    segment_count,
    stretch_of,
)

sizes = st.integers(0, 5 << 30) | st.integers(0, 20).flatmap(
    lambda number: st.integers(-3, 3).map(lambda near: max(0, content_start(number) + near))
)


@given(sizes)
def test_sizes_go_both_ways(size: int) -> None:
    assert content_size(sealed_size(size)) == size
    assert sealed_size(size) == HEADER + size + TAG * segment_count(size)


@given(st.integers(0, 3 << 20))
def test_a_size_that_no_blob_has_is_refused(sealed: int) -> None:
    try:
        size = content_size(sealed)
    except ValueError:
        return
    assert sealed_size(size) == sealed


@pytest.mark.parametrize("sealed", [0, HEADER, HEADER + TAG - 1, SEGMENT + 1, SEGMENT + TAG - 1])
def test_too_few_bytes_for_a_tag_are_refused(sealed: int) -> None:
    with pytest.raises(ValueError, match="no sealed blob"):
        content_size(sealed)


@given(st.integers(0, 5000))
def test_segments_follow_each_other(number: int) -> None:
    assert content_start(number) + room_in(number) == content_start(number + 1)


@given(st.integers(1, 5 << 30), st.data())
def test_a_stretch_holds_the_range_and_no_segment_more(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size - 1))
    length = data.draw(st.integers(1, size - start))
    stretch = stretch_of(start, length, size)
    assert content_start(stretch.first) <= start < content_start(stretch.first + 1)
    assert content_start(stretch.last) < start + length <= content_start(stretch.last + 1)
    assert stretch.start == stretch.first * SEGMENT
    assert stretch.start + stretch.length == min((stretch.last + 1) * SEGMENT, sealed_size(size))
