"""Where content lies in a sealed blob: a header, then segments of 1 MiB, each with its tag; the
first one is shorter by the header. Numbers only, so that a range can be found without a key.
"""

from dataclasses import dataclass

HEADER = 40
"""Bytes before the first segment: their own count (1), a salt (32) and a prefix of nonces (7)."""
TAG = 16
SEGMENT = 1 << 20
"""Bytes of a segment as it lies, with its tag; of the first one, with the header too."""
ROOM = SEGMENT - TAG
"""Bytes of content that a segment can take, but for the first."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The segments that hold a range of content: their numbers, and where they lie."""

    first: int
    last: int
    start: int
    length: int


def sealed_size(size: int) -> int:
    """Bytes of a sealed blob, of the bytes of its content."""
    return HEADER + size + TAG * segment_count(size)


def content_size(sealed: int) -> int:
    """Bytes of content in a sealed blob of so many bytes. Raises ValueError where none has them."""
    size = sealed - HEADER - TAG * -(-sealed // SEGMENT)
    if size < 0 or sealed_size(size) != sealed:
        raise ValueError("no sealed blob has this size")
    return size


def segment_count(size: int) -> int:
    """Segments of a blob of `size` bytes of content; even an empty one has one."""
    return max(1, -(-(size + HEADER) // ROOM))


def room_in(number: int) -> int:
    """Bytes of content that segment `number` can take."""
    return ROOM if number else ROOM - HEADER


def content_start(number: int) -> int:
    """Offset in the content of the first byte of segment `number`."""
    return number * ROOM - HEADER if number else 0


def stretch_of(start: int, length: int, size: int) -> Stretch:
    """Where the segments lie that hold `length` bytes, one at least, from offset `start` of a
    content of `size` bytes.
    """
    first, last = ((each + HEADER) // ROOM for each in (start, start + length - 1))
    begin = first * SEGMENT
    return Stretch(first, last, begin, min((last + 1) * SEGMENT, sealed_size(size)) - begin)
