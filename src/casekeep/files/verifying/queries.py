"""All SQL about damage: the files to look at, what was found of them, and who is to be told. It
decides nothing.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from casekeep.db.database import Row, Tx
from casekeep.files.verifying.model import Damage, Finding, OnRecord
from casekeep.kernel.ids import FileId, new_id

_COLUMNS = "id, file_id, kind, first_seen_at, last_seen_at, mended_at"

_NOTE = """
    insert into findings (id, organization_id, file_id, kind, first_seen_at, last_seen_at)
    select id, $1, file_id, kind, $2, $2
    from unnest($3::uuid[], $4::uuid[], $5::text[]) as f (id, file_id, kind)
    on conflict (organization_id, file_id, kind) do update
    set last_seen_at = $2,
        first_seen_at = case when findings.mended_at is null then findings.first_seen_at
                             else $2 end,
        told_at = case when findings.mended_at is null then findings.told_at end,
        mended_at = null
    where findings.organization_id = $1"""


async def stored_after(tx: Tx, after: FileId | None, most: int) -> list[OnRecord]:
    """Stored files, removed ones too, by their ids. `after`: go on behind this one."""
    rows = await tx.fetch(
        """select id, size, sha256 from files
           where organization_id = $1 and state = 'stored' and id > $2
           order by id limit $3""",
        tx.organization_id,
        after or UUID(int=0),
        most,
    )
    return [_on_record(row) for row in rows]


async def stored_among(tx: Tx, file_ids: Collection[FileId]) -> dict[FileId, OnRecord]:
    """Those of these files that are stored, as they are on record."""
    rows = await tx.fetch(
        """select id, size, sha256 from files
           where organization_id = $1 and state = 'stored' and id = any($2)""",
        tx.organization_id,
        list(file_ids),
    )
    return {row["id"]: _on_record(row) for row in rows}


async def are_any_believed_in(tx: Tx) -> bool:
    """Whether there is a stored file that was not found missing."""
    return await tx.fetch_value(
        """select exists (
               select from files f where f.organization_id = $1 and f.state = 'stored'
                 and not exists (select from findings d
                                 where d.organization_id = $1 and d.file_id = f.id
                                   and d.kind = 'missing' and d.mended_at is null))""",
        tx.organization_id,
    )


async def owned_among(tx: Tx, blob_ids: Collection[FileId]) -> set[FileId]:
    """Those of these ids of bytes that a row answers for: a file's in whatever state but purged,
    of which nothing may be left, or that of a part of an upload.
    """
    rows = await tx.fetch(
        """select id from files
           where organization_id = $1 and id = any($2) and state <> 'purged'
           union all
           select id from upload_parts where organization_id = $1 and id = any($2)""",
        tx.organization_id,
        list(blob_ids),
    )
    return {row["id"] for row in rows}


async def totals(tx: Tx) -> tuple[int, int]:
    """How many files are stored, and how many bytes they have."""
    row = await tx.fetch_row(
        """select count(*), coalesce(sum(size), 0)::bigint from files
           where organization_id = $1 and state = 'stored'""",
        tx.organization_id,
    )
    return (row[0], row[1]) if row else (0, 0)


async def open_among(tx: Tx, file_ids: Collection[FileId]) -> set[tuple[FileId, Damage]]:
    """What is known to be wrong with these."""
    rows = await tx.fetch(
        """select file_id, kind from findings
           where organization_id = $1 and file_id = any($2) and mended_at is null""",
        tx.organization_id,
        list(file_ids),
    )
    return {(row["file_id"], Damage(row["kind"])) for row in rows}


async def note(tx: Tx, found: Sequence[tuple[FileId, Damage]], at: datetime) -> None:
    """Damage that was seen at this time, seen before or not."""
    await tx.execute(
        _NOTE,
        tx.organization_id,
        at,
        [new_id() for _ in found],
        [file_id for file_id, _ in found],
        [damage.value for _, damage in found],
    )


async def mark_mended(tx: Tx, mended: Sequence[tuple[FileId, Damage]], at: datetime) -> None:
    """Damage that is there no more."""
    await tx.execute(
        """update findings f set mended_at = $2
           from unnest($3::uuid[], $4::text[]) as m (file_id, kind)
           where f.organization_id = $1 and f.file_id = m.file_id and f.kind = m.kind
             and f.mended_at is null""",
        tx.organization_id,
        at,
        [file_id for file_id, _ in mended],
        [damage.value for _, damage in mended],
    )


async def open_unseen(tx: Tx, since: datetime, after: UUID | None, most: int) -> list[Finding]:
    """What was last seen before this time and is not mended, by the ids of the findings. `after`:
    go on behind this one.
    """
    rows = await tx.fetch(
        f"""select {_COLUMNS} from findings
            where organization_id = $1 and mended_at is null and last_seen_at < $2 and id > $3
            order by id limit $4""",  # noqa: S608 - a constant of this module
        tx.organization_id,
        since,
        after or UUID(int=0),
        most,
    )
    return [_finding(row) for row in rows]


async def findings(
    tx: Tx, *, damage: Damage | None, mended: bool | None, before: UUID | None, most: int
) -> list[Finding]:
    """Findings, the newest first. `mended`: only those that are, or are not; `before`: go on behind
    this one.
    """
    rows = await tx.fetch(
        f"""select {_COLUMNS} from findings
            where organization_id = $1 and ($2::uuid is null or id < $2)
              and ($3::text is null or kind = $3)
              and ($4::boolean is null or (mended_at is not null) = $4)
            order by id desc limit $5""",  # noqa: S608 - a constant of this module
        tx.organization_id,
        before,
        damage,
        mended,
        most,
    )
    return [_finding(row) for row in rows]


async def untold(tx: Tx) -> tuple[dict[Damage, int], datetime | None]:
    """How much of each kind nobody was told of yet, and when somebody was last told of anything."""
    rows = await tx.fetch(
        """select kind, count(*) filter (where told_at is null and mended_at is null) as untold,
                  max(told_at) as told_at
           from findings where organization_id = $1 group by kind order by kind""",
        tx.organization_id,
    )
    counts = {Damage(row["kind"]): row["untold"] for row in rows if row["untold"]}
    return counts, max((row["told_at"] for row in rows if row["told_at"]), default=None)


async def mark_told(tx: Tx, at: datetime) -> None:
    """Say that the administrators were told of what was seen until then."""
    await tx.execute(
        """update findings set told_at = $2
           where organization_id = $1 and told_at is null and mended_at is null
             and first_seen_at <= $2""",
        tx.organization_id,
        at,
    )


async def administrators(tx: Tx) -> list[str]:
    """The email addresses of those who keep the organisation."""
    rows = await tx.fetch(
        """select email from users
           where organization_id = $1 and role = 'admin' and disabled_at is null
             and email is not null
           order by id""",
        tx.organization_id,
    )
    return [row["email"] for row in rows]


def _on_record(row: Row) -> OnRecord:
    return OnRecord(row["id"], row["size"], row["sha256"])


def _finding(row: Row) -> Finding:
    return Finding(
        row["id"],
        row["file_id"],
        Damage(row["kind"]),
        row["first_seen_at"],
        row["last_seen_at"],
        row["mended_at"],
    )
