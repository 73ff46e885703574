"""SQL of API keys."""

from datetime import datetime, timedelta

from casekeep.db.database import Row, Tx
from casekeep.identity.model import ApiKey
from casekeep.identity.queries_sign_ins import tell_revoked
from casekeep.kernel.ids import ApiKeyId, OrganizationId

_COLUMNS = "id, organization_id, label, created_at, last_used_at, revoked_at"
_TOUCHED_EVERY = timedelta(minutes=1)


def _key_of(row: Row) -> ApiKey:
    return ApiKey(
        ApiKeyId(row["id"]),
        OrganizationId(row["organization_id"]),
        row["label"],
        row["created_at"],
        row["last_used_at"],
        row["revoked_at"],
    )


async def insert_key(tx: Tx, key: ApiKey, secret_hash: bytes) -> None:
    """A new key; only the SHA-256 of its secret."""
    await tx.execute(
        """insert into api_keys (organization_id, id, label, secret_hash, created_at)
           values ($1, $2, $3, $4, $5)""",
        tx.organization_id,
        key.id,
        key.label,
        secret_hash,
        key.created_at,
    )


async def keys(tx: Tx) -> tuple[ApiKey, ...]:
    """Every key of the organisation, also the revoked ones, oldest first."""
    rows = await tx.fetch(
        f"""select {_COLUMNS} from api_keys where organization_id = $1
            order by created_at, id""",  # noqa: S608 - constant columns
        tx.organization_id,
    )
    return tuple(_key_of(row) for row in rows)


async def revoke(tx: Tx, key_id: ApiKeyId, now: datetime) -> bool:
    """Revoke a key and tell every process, once this commits; False when no such key is live."""
    changed = await tx.execute(
        """update api_keys set revoked_at = $3
           where organization_id = $1 and id = $2 and revoked_at is null""",
        tx.organization_id,
        key_id,
        now,
    )
    if changed:
        await tell_revoked(tx, key_id)
    return changed == 1


async def live_key(tx: Tx, secret_hash: bytes) -> ApiKey | None:
    """The live key with this secret."""
    row = await tx.fetch_row(
        f"""select {_COLUMNS} from api_keys
            where organization_id = $1 and secret_hash = $2 and revoked_at is null""",  # noqa: S608 - constant columns
        tx.organization_id,
        secret_hash,
    )
    return _key_of(row) if row else None


async def touch(tx: Tx, key_id: ApiKeyId, now: datetime) -> None:
    """Record that a key is in use, to the minute."""
    await tx.execute(
        """update api_keys set last_used_at = $3
           where organization_id = $1 and id = $2
             and (last_used_at is null or last_used_at <= $4)""",
        tx.organization_id,
        key_id,
        now,
        now - _TOUCHED_EVERY,
    )
