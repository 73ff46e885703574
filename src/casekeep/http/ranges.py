"""The Range field (RFC 9110, section 14): which part of a file a request asks for."""

import re
from dataclasses import dataclass

_SPEC = re.compile(r"([0-9]{0,40})-([0-9]{0,40})")


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes from offset `start`."""

    start: int
    length: int

    @property
    def last(self) -> int:
        """The offset of the last byte."""
        return self.start + self.length - 1


class RangeNotSatisfiable(Exception):
    """A well-formed range that has no byte of the file: 416."""


def requested_span(field: str, size: int) -> Span | None:
    """The part of `size` bytes that a Range field asks for. None: answer with the whole, as RFC
    9110 allows for another unit, for what does not parse, and for several ranges.
    Raises RangeNotSatisfiable.
    """
    unit, _, ranges = field.partition("=")
    specs = [spec for each in ranges.split(",") if (spec := each.strip(" \t"))]
    match = _SPEC.fullmatch(specs[0]) if len(specs) == 1 else None
    if unit.lower() != "bytes" or match is None:
        return None
    first, last = match.groups()
    if first:
        return _from_first(int(first), int(last) if last else None, size)
    return _from_the_end(int(last), size) if last else None


def _from_first(first: int, last: int | None, size: int) -> Span | None:
    if last is not None and last < first:
        return None
    if first >= size:
        raise RangeNotSatisfiable
    return Span(first, (size if last is None else min(last + 1, size)) - first)


def _from_the_end(length: int, size: int) -> Span | None:
    if not length:
        raise RangeNotSatisfiable
    length = min(length, size)
    return Span(size - length, length) if length else None
