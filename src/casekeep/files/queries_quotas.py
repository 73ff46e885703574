"""SQL of the files room that counts what a user and an organisation have. It decides nothing."""

from dataclasses import dataclass

from casekeep.db.database import Row, Tx
from casekeep.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, and their bytes together."""

    size: int
    count: int


async def lock_counts(tx: Tx) -> None:
    """Let nobody else of the organisation count until the transaction ends."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended('casekeep counts ' || $1::text, 0))",
        str(tx.organization_id),
    )


async def kept(tx: Tx, user_id: UserId | None) -> tuple[Count, Count]:
    """What the user added and the organisation has, of files that are kept, removed or not."""
    row = await tx.fetch_row(
        """select count(*) as count, coalesce(sum(size), 0)::bigint as size,
                  count(*) filter (where uploaded_by = $2) as own_count,
                  coalesce(sum(size) filter (where uploaded_by = $2), 0)::bigint as own_size
           from files where organization_id = $1 and state = 'stored'""",
        tx.organization_id,
        user_id,
    )
    return _counts(row)


async def unfinished(tx: Tx, user_id: UserId) -> tuple[Count, Count]:
    """The user's and the organisation's uploads that are not files yet. One whose length is not
    known yet counts with what it has.
    """
    row = await tx.fetch_row(
        """select count(*) as count, coalesce(sum(coalesce(length, received)), 0)::bigint as size,
                  count(*) filter (where user_id = $2) as own_count,
                  coalesce(sum(coalesce(length, received)) filter (where user_id = $2), 0)::bigint
                      as own_size
           from uploads where organization_id = $1 and state in ('receiving', 'complete')""",
        tx.organization_id,
        user_id,
    )
    return _counts(row)


def _counts(row: Row | None) -> tuple[Count, Count]:
    if row is None:  # an aggregate has a row always
        return Count(0, 0), Count(0, 0)
    return Count(row["own_size"], row["own_count"]), Count(row["size"], row["count"])
