"""Mends what a check has found: a damaged blob gets the bytes that a replica has of it, if those
are what is on record; bytes of nobody are removed. A damaged blob stays until it is replaced.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import structlog

from casekeep.blobs.seals import destroy_seals
from casekeep.blobs.store import (
    BlobAltered,
    BlobKey,
    BlobMissing,
    BlobStore,
    RawStore,
    StoreUnavailable,
)
from casekeep.files.verifying.judging import judge
from casekeep.files.verifying.model import Checked, Damage, OnRecord
from casekeep.files.verifying.noting import mend
from casekeep.files.verifying.walking import is_older, is_orphaned

OLD = timedelta(days=1)
"""Bytes of nobody are removed when they are older than this."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Replica:
    """Where lost bytes may still be. `kept`: the raw bytes that others keep in step with ours;
    `scratch`: where a copy is tried before it replaces anything; `opened`: a store that gives the
    content of what a store keeps raw.
    """

    kept: BlobStore
    scratch: RawStore
    opened: Callable[[RawStore], BlobStore]


@dataclass(frozen=True, slots=True)
class Repairing:
    """What repairs work with. `raw`: the store as it is, below whatever seals and opens."""

    raw: RawStore
    replica: Replica | None

    async def replace(self, key: BlobKey, record: OnRecord) -> bool:
        """Put the replica's bytes in place of damaged ones; whether that was done. Exactly the
        bytes that checked out are put there, or none.
        """
        if self.replica is None:
            return False
        scratch = self.replica.scratch
        try:
            await scratch.delete(key)  # of a repair that was cut off
            expected = await _copy(self.replica.kept, scratch, key)
            if await judge(self.replica.opened(scratch), key, record, deep=True) is not None:
                _log.warning("repair.replica_damaged", file_id=str(key.file_id))
                return False
            return await self._put(scratch, key, expected)
        except (BlobAltered, BlobMissing, StoreUnavailable) as error:
            _log.warning("repair.failed", file_id=str(key.file_id), cause=type(error).__name__)
            return False
        finally:
            await scratch.delete(key)

    async def _put(self, scratch: BlobStore, key: BlobKey, expected: bytes) -> bool:
        digest = sha256()
        async with self.raw.replace(key) as writer:
            async for piece in _whole(scratch, key, await scratch.size(key)):
                digest.update(piece)
                await writer.write(piece)
            if digest.digest() != expected:
                return False
            await writer.finish()
        return True

    async def remove_orphan(self, checked: Checked, key: BlobKey, *, has_home: bool) -> bool:
        """Remove bytes of nobody, unless they are young; whether that was done. `has_home`: their
        organisation is one of ours, and its audit says so first.
        """
        if not (is_older(checked, key, OLD) and await is_orphaned(checked, key)):
            return False
        if has_home:
            async with checked.db.transaction(key.organization_id) as tx:
                await mend(checked, tx, [(key.file_id, Damage.ORPHANED)], checked.clock())
                await destroy_seals(tx, [key.file_id])
        try:
            await self.raw.delete(key)
        except StoreUnavailable:
            return False
        return True


async def _copy(source: BlobStore, target: BlobStore, key: BlobKey) -> bytes:
    """Copy a blob; the SHA-256 of what was copied. Raises BlobMissing, StoreUnavailable."""
    size = await source.size(key)
    async with target.receive(key) as writer:
        async for piece in _whole(source, key, size):
            await writer.write(piece)
        return (await writer.finish()).sha256


async def _whole(store: BlobStore, key: BlobKey, size: int) -> AsyncGenerator[bytes, None]:
    async for piece in store.read(key, 0, size):
        yield piece
