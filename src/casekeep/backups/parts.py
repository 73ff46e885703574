"""Compressed parts of a backup: written to a spool first, so that nobody waits for a network, then
put into the depot; and read again with their digest checked at the end.
"""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncGenerator, AsyncIterable
from pathlib import Path
from typing import Self

from casekeep.backups.model import BackupDamaged, Part
from casekeep.blobs.depots import Depot, DepotMissing
from casekeep.blobs.store import CHUNK

_GZIP = zlib.MAX_WBITS | 16  # zlib's way to ask for gzip's frame
_QUICK = 1
_HELD = 1 << 18


class SpooledPart:
    """One part on its way: compressed, hashed and counted into a file of the spool."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._out = file.open("xb")
        self._press = zlib.compressobj(_QUICK, wbits=_GZIP)
        self._hash = hashlib.sha256()
        self._held = bytearray()
        self._size = 0

    async def write(self, data: bytes) -> None:
        """Take the next bytes; small ones are held until they are worth a thread."""
        self._held += data
        if len(self._held) >= _HELD:
            await asyncio.to_thread(self._squeeze)

    async def settle(self, path: str) -> Part:
        """Write the rest; what is to lie at `path` from the backup's folder."""
        await asyncio.to_thread(self._end)
        return Part(path=path, size=self._size, sha256=self._hash.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()

    def _squeeze(self) -> None:
        self._store(self._press.compress(bytes(self._held)))
        self._held.clear()

    def _end(self) -> None:
        self._squeeze()
        self._store(self._press.flush())
        self._out.close()

    def _store(self, pressed: bytes) -> None:
        self._out.write(pressed)
        self._hash.update(pressed)
        self._size += len(pressed)


async def read_file(file: Path) -> AsyncGenerator[bytes, None]:
    """A file of the spool, in pieces."""
    with file.open("rb") as opened:
        while piece := await asyncio.to_thread(opened.read, CHUNK):
            yield piece


async def read_part(depot: Depot, folder: str, part: Part) -> AsyncGenerator[bytes, None]:
    """What a part holds. Raises BackupDamaged, at the end at the latest, when its bytes are not
    those that the manifest names.
    """
    loose = zlib.decompressobj(wbits=_GZIP)
    digest = hashlib.sha256()
    try:
        async for piece in depot.read(f"{folder}/{part.path}"):
            digest.update(piece)
            data: bytes = piece
            while data:
                yield loose.decompress(data, CHUNK)
                data = loose.unconsumed_tail
        yield loose.flush()
    except (DepotMissing, zlib.error):
        raise _damaged(folder, part) from None
    if digest.hexdigest() != part.sha256 or not loose.eof:
        raise _damaged(folder, part)


def _damaged(folder: str, part: Part) -> BackupDamaged:
    return BackupDamaged(f"{folder}/{part.path} is missing or was altered")


async def lines_of(pieces: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    """The lines that pieces make up, without their ends."""
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line
    if rest:
        yield rest
