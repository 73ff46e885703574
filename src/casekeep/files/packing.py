"""Writes a ZIP while it is sent: nothing of it goes to disk, no more than a piece is in memory, and
how long it will be is known before its first byte. What breaks off half-way is no ZIP that opens.
"""

import asyncio
import zipfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

# Sizes of the parts of a ZIP, by the sections of PKWARE's APPNOTE 6.3.10.
_LOCAL_HEADER, _LOCAL_ZIP64 = 30, 20  # 4.3.7, 4.5.3
_DESCRIPTOR, _DESCRIPTOR_ZIP64 = 16, 24  # 4.3.9
_CENTRAL_HEADER, _EXTRA_HEADER, _EXTRA_NUMBER = 46, 4, 8  # 4.3.12, 4.5.3
_END, _END_ZIP64 = 22, 56 + 20  # 4.3.16; 4.3.14 and 4.3.15

_UNIX = 3
_OWNERS_ALONE = 0o100600 << 16


@dataclass(frozen=True, slots=True)
class Packed:
    """One entry of a ZIP. `size` in bytes, exactly what `read` gives; `at` is the time it bears."""

    path: str
    size: int
    at: datetime
    read: Callable[[], AsyncGenerator[bytes, None]]


def packed_size(entries: Sequence[Packed]) -> int:
    """The bytes of the ZIP that `pack` makes of `entries`."""
    offset = directory = 0
    for entry in entries:
        name, is_large = len(entry.path.encode()), _is_large(entry.size)
        numbers = 2 * is_large + _is_large(offset)
        extra = _EXTRA_HEADER + _EXTRA_NUMBER * numbers if numbers else 0
        directory += _CENTRAL_HEADER + name + extra
        offset += _LOCAL_HEADER + name + entry.size
        offset += _LOCAL_ZIP64 + _DESCRIPTOR_ZIP64 if is_large else _DESCRIPTOR
    is_long = len(entries) > zipfile.ZIP_FILECOUNT_LIMIT
    needs_zip64 = is_long or _is_large(offset) or _is_large(directory)
    return offset + directory + _END + (_END_ZIP64 if needs_zip64 else 0)


async def pack(entries: Sequence[Packed]) -> AsyncGenerator[bytes, None]:
    """The ZIP, in pieces about as large as those that the entries give. Nothing is compressed: what
    a clinic keeps is so already. Raises what reading an entry raises.
    """
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        for entry in entries:
            with archive.open(_info(entry), "w", force_zip64=_is_large(entry.size)) as target:
                async with aclosing(entry.read()) as pieces:
                    async for piece in pieces:
                        await asyncio.to_thread(target.write, piece)  # which computes its CRC
                        yield outlet.taken()
    yield outlet.taken()


class _Outlet:
    """What zipfile writes to: a stream that cannot be sought in, emptied as it fills."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._held.append(data)
        return len(data)

    def flush(self) -> None:
        """There is nothing behind it."""

    def close(self) -> None:
        """What was written may still be taken."""

    def taken(self) -> bytes:
        held, self._held = self._held, []
        return b"".join(held)


def _info(entry: Packed) -> zipfile.ZipInfo:
    """The entry's head, alike on every system. Its size is left open, as a stream has it."""
    at = entry.at
    info = zipfile.ZipInfo(entry.path, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.create_system, info.external_attr = _UNIX, _OWNERS_ALONE
    return info


def _is_large(number: int) -> bool:
    """Whether a size or an offset takes the long form (ZIP64)."""
    return number > zipfile.ZIP64_LIMIT
