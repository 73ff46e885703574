"""The format against Tink's own code, both ways, around every edge."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casekeep.blobs.sealing.format import SegmentAltered, SegmentCipher, new_data_key, new_header
from casekeep.blobs.sealing.sealer import Sealer
from casekeep.blobs.sealing.segments import HEADER, SEGMENT, TAG, room_in, segment_count
from tests.blobs.contract import some_bytes
from tests.blobs.sealing.tinkering import tink_open, tink_seal

BOUND = b"an organisation and a file"
EDGES = [0, room_in(0), room_in(0) + room_in(1), room_in(0) + 2 * room_in(1)]
SIZES = sorted({max(0, edge + near) for edge in EDGES for near in (-1, 0, 1)} | {5000, SEGMENT})


def seal(key: bytes, content: bytes) -> bytes:
    sealer, into, sealed, rest = Sealer(key, BOUND), bytearray(SEGMENT), b"", memoryview(content)
    while len(rest) > (room := sealer.room):
        sealed += sealer.seal(rest[:room], into)
        rest = rest[room:]
    sealed += sealer.seal(rest, into, is_last=True)
    assert sealer.digest() == hashlib.sha256(content).digest()
    return sealed


def open_whole(key: bytes, sealed: bytes, size: int) -> bytes:
    cipher = SegmentCipher(key, sealed[:HEADER], BOUND)
    count = segment_count(size)
    segments = [sealed[n * SEGMENT or HEADER : (n + 1) * SEGMENT] for n in range(count)]
    return b"".join(
        cipher.open(number, segment, is_last=number == count - 1)
        for number, segment in enumerate(segments)
    )


@pytest.mark.parametrize("size", SIZES)
def test_tink_opens_what_we_seal(size: int) -> None:
    key, content = new_data_key(), some_bytes(size)
    assert tink_open(key, seal(key, content), BOUND) == content


@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_tink_seals(size: int) -> None:
    key, content = new_data_key(), some_bytes(size)
    sealed = tink_seal(key, content, BOUND)
    assert len(sealed) == len(seal(key, content))
    assert open_whole(key, sealed, size) == content


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    size=st.sampled_from(EDGES).flatmap(lambda edge: st.integers(max(0, edge - 60), edge + 60)),
)
def test_both_ways_whatever_the_size(size: int) -> None:
    key, content = new_data_key(), some_bytes(size)
    assert tink_open(key, seal(key, content), BOUND) == content
    assert open_whole(key, tink_seal(key, content, BOUND), size) == content


def test_tink_does_not_open_it_for_another_blob() -> None:
    key = new_data_key()
    with pytest.raises(Exception, match=r".+"):
        tink_open(key, seal(key, b"a finding"), b"another")


def test_a_header_of_another_length_is_refused() -> None:
    for header in (b"", new_header()[:-1], bytes([41]) + new_header()[1:], new_header() + b"x"):
        with pytest.raises(SegmentAltered):
            SegmentCipher(new_data_key(), header, BOUND)


def test_a_segment_opens_in_its_place_only() -> None:
    cipher = SegmentCipher(new_data_key(), new_header(), BOUND)
    segment = bytearray(len(b"content") + TAG)
    cipher.seal_into(1, b"content", memoryview(segment), is_last=False)
    assert cipher.open(1, segment, is_last=False) == b"content"
    for number, is_last in ((0, False), (2, False), (1, True)):
        with pytest.raises(SegmentAltered):
            cipher.open(number, segment, is_last=is_last)
    for altered in (b"", segment[:-1], segment + b"x", bytes(len(segment))):
        with pytest.raises(SegmentAltered):
            cipher.open(1, altered, is_last=False)
