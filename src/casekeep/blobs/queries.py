"""SQL of seals and of the keys that wrap them. It decides nothing, and sees no key open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from casekeep.blobs.store import Seal
from casekeep.blobs.wrapping import OVERHEAD
from casekeep.db.database import Database, Row, Tx
from casekeep.kernel.ids import OrganizationKeyId


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """An organisation's key as it is kept, wrapped by the deployment's key of that fingerprint."""

    id: OrganizationKeyId
    wrapped_key: bytes
    deployment_key_id: str


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key of an organisation, and how many blobs it opens."""

    id: OrganizationKeyId
    deployment_key_id: str
    created_at: datetime
    retired_at: datetime | None
    seals: int


async def insert_seals(tx: Tx, seals: Mapping[UUID, Seal]) -> None:
    """Seals of blobs that have none yet."""
    await tx.execute(
        """insert into seals (organization_id, blob_id, key_id, wrapped_key, size)
           select $1, * from unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::bigint[])""",
        tx.organization_id,
        list(seals),
        [each.key_id for each in seals.values()],
        [each.wrapped_key for each in seals.values()],
        [each.size for each in seals.values()],
    )


async def delete_seals(tx: Tx, blob_ids: Sequence[UUID]) -> int:
    """Remove the seals of these blobs; how many had one."""
    return await tx.execute(
        "delete from seals where organization_id = $1 and blob_id = any($2)",
        tx.organization_id,
        blob_ids,
    )


async def delete_keys(tx: Tx, blob_ids: Sequence[UUID]) -> list[UUID]:
    """Remove the seals of these blobs; those among them whose seal had a key in it."""
    rows = await tx.fetch(
        """delete from seals where organization_id = $1 and blob_id = any($2)
           returning blob_id, octet_length(wrapped_key) as length""",
        tx.organization_id,
        blob_ids,
    )
    return [row["blob_id"] for row in rows if row["length"] > OVERHEAD]


async def find_seal(tx: Tx, blob_id: UUID) -> Seal | None:
    """The seal of a blob."""
    row = await tx.fetch_row(
        """select key_id, wrapped_key, size from seals
           where organization_id = $1 and blob_id = $2""",
        tx.organization_id,
        blob_id,
    )
    return None if row is None else Seal(row["key_id"], row["wrapped_key"], row["size"])


async def current_key(tx: Tx) -> WrappedKey | None:
    """The key that wraps what is new."""
    row = await tx.fetch_row(
        """select id, wrapped_key, deployment_key_id from organization_keys
           where organization_id = $1 and retired_at is null""",
        tx.organization_id,
    )
    return None if row is None else _wrapped(row)


async def find_key(tx: Tx, key_id: OrganizationKeyId) -> WrappedKey | None:
    """A key, retired or not."""
    row = await tx.fetch_row(
        """select id, wrapped_key, deployment_key_id from organization_keys
           where organization_id = $1 and id = $2""",
        tx.organization_id,
        key_id,
    )
    return None if row is None else _wrapped(row)


async def all_keys(tx: Tx) -> list[WrappedKey]:
    """Every key, retired or not."""
    rows = await tx.fetch(
        """select id, wrapped_key, deployment_key_id from organization_keys
           where organization_id = $1""",
        tx.organization_id,
    )
    return [_wrapped(row) for row in rows]


async def insert_key(tx: Tx, key: WrappedKey) -> bool:
    """Make a key the current one; False if there is one already."""
    return bool(
        await tx.execute(
            """insert into organization_keys (organization_id, id, wrapped_key, deployment_key_id)
               values ($1, $2, $3, $4) on conflict do nothing""",
            tx.organization_id,
            key.id,
            key.wrapped_key,
            key.deployment_key_id,
        )
    )


async def retire_current(tx: Tx, at: datetime) -> None:
    """Leave the organisation without a current key, for the one that follows."""
    await tx.execute(
        """update organization_keys set retired_at = $2
           where organization_id = $1 and retired_at is null""",
        tx.organization_id,
        at,
    )


async def delete_unused(tx: Tx, retired_before: datetime) -> int:
    """Destroy keys that were retired before then and open nothing any more; how many."""
    return await tx.execute(
        """delete from organization_keys k where organization_id = $1 and retired_at < $2
             and not exists (select from seals s
                             where s.organization_id = k.organization_id and s.key_id = k.id)""",
        tx.organization_id,
        retired_before,
    )


async def keys_wrapped_otherwise(tx: Tx, deployment_key_id: str) -> list[WrappedKey]:
    """Keys that another deployment key wraps, retired ones too, for the transaction to change."""
    rows = await tx.fetch(
        """select id, wrapped_key, deployment_key_id from organization_keys
           where organization_id = $1 and deployment_key_id <> $2 order by id for update""",
        tx.organization_id,
        deployment_key_id,
    )
    return [_wrapped(row) for row in rows]


async def rewrap_key(tx: Tx, key: WrappedKey) -> None:
    """Replace how a key is wrapped."""
    await tx.execute(
        """update organization_keys set wrapped_key = $3, deployment_key_id = $4
           where organization_id = $1 and id = $2""",
        tx.organization_id,
        key.id,
        key.wrapped_key,
        key.deployment_key_id,
    )


async def take_unsealed(tx: Tx, most: int) -> dict[UUID, int]:
    """Blobs from before there were seals, with their sizes, which stop being that hereby."""
    rows = await tx.fetch(
        """delete from unsealed_blobs where organization_id = $1 and blob_id = any(array(
               select blob_id from unsealed_blobs where organization_id = $1 limit $2))
           returning blob_id, size""",
        tx.organization_id,
        most,
    )
    return {row["blob_id"]: row["size"] for row in rows}


async def key_uses(tx: Tx) -> list[KeyUse]:
    """Every key of the organisation, the oldest first, with what it opens."""
    rows = await tx.fetch(
        """select id, deployment_key_id, created_at, retired_at,
                  (select count(*) from seals s
                   where s.organization_id = k.organization_id and s.key_id = k.id) as seals
           from organization_keys k where organization_id = $1 order by created_at, id""",
        tx.organization_id,
    )
    return [KeyUse(**row) for row in rows]


async def seals_of_retired(tx: Tx, most: int) -> dict[UUID, Seal]:
    """Seals that a retired key wraps, `most` of them, for the transaction to change."""
    rows = await tx.fetch(
        """select blob_id, key_id, wrapped_key, size from seals
           where organization_id = $1 and key_id = any(array(
               select id from organization_keys
               where organization_id = $1 and retired_at is not null))
           order by key_id, blob_id limit $2 for update skip locked""",
        tx.organization_id,
        most,
    )
    return {row["blob_id"]: Seal(row["key_id"], row["wrapped_key"], row["size"]) for row in rows}


async def count_seals_of_retired(tx: Tx) -> int:
    """How many seals a retired key wraps."""
    return await tx.fetch_value(
        """select count(*) from seals
           where organization_id = $1 and key_id = any(array(
               select id from organization_keys
               where organization_id = $1 and retired_at is not null))""",
        tx.organization_id,
    )


async def rewrap_seals(tx: Tx, seals: Mapping[UUID, Seal]) -> None:
    """Replace how data keys are wrapped."""
    await tx.execute(
        """update seals s set key_id = n.key_id, wrapped_key = n.wrapped_key
           from unnest($2::uuid[], $3::uuid[], $4::bytea[]) as n (blob_id, key_id, wrapped_key)
           where s.organization_id = $1 and s.blob_id = n.blob_id""",
        tx.organization_id,
        list(seals),
        [each.key_id for each in seals.values()],
        [each.wrapped_key for each in seals.values()],
    )


async def deployment_key_ids(db: Database) -> dict[str, int]:
    """Fingerprints of the deployment keys in use, and how many organisations' keys each wraps."""
    rows = await db.fetch_unscoped("select key_id, wrapped from deployment_key_ids()")
    return {row["key_id"]: row["wrapped"] for row in rows}


def _wrapped(row: Row) -> WrappedKey:
    return WrappedKey(row["id"], row["wrapped_key"], row["deployment_key_id"])
