"""Seals of blobs in the database: recorded by the transaction that keeps the blob, destroyed by the
one that ends it. Without its seal no blob is ever read again.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from casekeep.blobs import queries
from casekeep.blobs.store import Seal
from casekeep.db.database import Tx


async def record_seals(tx: Tx, seals: Mapping[UUID, Seal | None]) -> None:
    """Record what `Written.seal` said, by blob, in the transaction that keeps these blobs. What a
    store wrote that has no seals is passed over.
    """
    given = {blob_id: seal for blob_id, seal in seals.items() if seal is not None}
    if given:
        await queries.insert_seals(tx, given)


async def destroy_seals(tx: Tx, blob_ids: Sequence[UUID]) -> int:
    """Destroy what opens these blobs, before their bytes are deleted; how many had a seal. Doing it
    again is harmless.
    """
    return await queries.delete_seals(tx, blob_ids)


async def destroy_keys(tx: Tx, blob_ids: Sequence[UUID]) -> list[UUID]:
    """Destroy what opens these blobs, as `destroy_seals` does; which of them lay sealed, so that
    bytes of theirs that are left anywhere say nothing.
    """
    return await queries.delete_keys(tx, blob_ids)
