"""Judges the bytes of one file by what is on record of them. It changes nothing, and holds no more
than a piece of them.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256

from casekeep.blobs.store import BlobAltered, BlobKey, BlobMissing, BlobStore, StoreUnavailable
from casekeep.files.verifying.model import Damage, OnRecord

Pacing = Callable[[int], Awaitable[None]]
"""Told of bytes that were read; takes its time."""


async def judge(
    blobs: BlobStore, key: BlobKey, record: OnRecord, *, deep: bool, pacing: Pacing | None = None
) -> Damage | None:
    """What is wrong with the bytes of a file. Unless `deep`, no byte is read: only whether they are
    there, and how many.
    """
    try:
        size = await blobs.size(key)
        if size != record.size:
            return Damage.TRUNCATED if size < record.size else Damage.ALTERED
        if deep and await _digest(blobs, key, size, pacing) != record.sha256:
            return Damage.ALTERED
    except BlobMissing:
        return Damage.MISSING
    except BlobAltered:
        return Damage.ALTERED
    except StoreUnavailable:
        return Damage.UNREADABLE
    return None


async def _digest(blobs: BlobStore, key: BlobKey, size: int, pacing: Pacing | None) -> bytes:
    digest = sha256()
    async for piece in blobs.read(key, 0, size):
        digest.update(piece)
        if pacing is not None:
            await pacing(len(piece))
    return digest.digest()
