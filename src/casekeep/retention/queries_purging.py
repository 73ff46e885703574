"""SQL that takes files and cases to their end, one step after the other: rows in, frozen data out.
It decides nothing; what may be purged is found by `queries_due`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from casekeep.db.database import Row, Tx
from casekeep.files.life import Life, becoming, being
from casekeep.kernel.ids import CaseId, FileId
from casekeep.retention.model import Destruction, Reason

_REMOVE = f"""
    update files set {becoming(Life.STORED, Life.REMOVED, at="$3", by="null")},
                     removed_by_schedule = true
    where organization_id = $1 and id = any($2) and {being(Life.STORED)}"""  # noqa: S608 - constants
_REMOVE_WITH_CASE = f"""
    update files f
    set {becoming(Life.STORED, Life.REMOVED, at="c.deleted_at", by="c.deleted_by")}
    from cases c
    where f.organization_id = $1 and f.case_id = $2 and {being(Life.STORED, "f")}
      and c.organization_id = $1 and c.id = $2 and c.deleted_at is not null"""  # noqa: S608 - constants
_OF_CASE = f"""
    select id from files where organization_id = $1 and case_id = $2 and {being(Life.REMOVED)}
    order by id for no key update"""  # noqa: S608 - constants
_NOTE = f"""
    insert into destructions (organization_id, file_id, case_id, size, sha256, received_at,
                              removed_at, removed_by, reason, purged_at, key_destroyed_at)
    select organization_id, id, case_id, size, sha256, created_at, deleted_at, deleted_by,
           coalesce($3::text, case when removed_by_schedule then 'retention' else 'trash' end),
           $4::timestamptz,
           case when id = any($5::uuid[]) then $4::timestamptz end
    from files where organization_id = $1 and id = any($2) and {being(Life.REMOVED)}
    returning file_id, case_id, size, sha256, received_at, removed_at, removed_by, reason,
              purged_at, key_destroyed_at"""  # noqa: S608 - constants
_FORGET = f"""
    update files set {becoming(Life.REMOVED, Life.PURGING)}
    where organization_id = $1 and id = any($2) and {being(Life.REMOVED)}"""  # noqa: S608 - constants
_PURGING = f"""
    select id from files where organization_id = $1 and {being(Life.PURGING)}
      and id <> all($2::uuid[])
    order by deleted_at, id limit $3"""  # noqa: S608 - constants
_UNFINISHED = f"""
    select d.file_id, d.case_id, d.size, d.sha256, d.received_at, d.removed_at, d.removed_by,
           d.reason, d.purged_at, d.key_destroyed_at
    from files f join destructions d on d.organization_id = $1 and d.file_id = f.id
    where f.organization_id = $1 and f.id = any($2) and {being(Life.PURGING, "f")}
    order by f.id for no key update of f"""  # noqa: S608 - constants
_CERTIFIED = """
    select file_id, case_id, size, sha256, received_at, removed_at, removed_by, reason, purged_at,
           key_destroyed_at
    from destructions
    where organization_id = $1 and certificate is not null
      and ($2::uuid is null or file_id < $2)
    order by file_id desc limit $3"""
_FINISH = f"""
    update files set {becoming(Life.PURGING, Life.PURGED)}
    where organization_id = $1 and id = any($2) and {being(Life.PURGING)}"""  # noqa: S608 - constants


async def remove_scheduled(tx: Tx, file_ids: Sequence[FileId], at: datetime) -> None:
    """Take files away because their schedule says so."""
    await tx.execute(_REMOVE, tx.organization_id, file_ids, at)


async def remove_with_case(tx: Tx, case_id: CaseId) -> list[FileId]:
    """Take the files of a removed case away as the case itself was; then all its removed files, in
    the order of their ids, whose rows are held until the transaction ends.
    """
    await tx.execute(_REMOVE_WITH_CASE, tx.organization_id, case_id)
    rows = await tx.fetch(_OF_CASE, tx.organization_id, case_id)
    return [row["id"] for row in rows]


async def begin_purging(
    tx: Tx,
    file_ids: Sequence[FileId],
    reason: Reason | None,
    at: datetime,
    *,
    without_key: Collection[UUID],
) -> list[Destruction]:
    """Note what is known of removed files, and forget it where it was. `reason`: None as they were
    removed; `without_key`: those that have lost their key in this transaction.
    """
    rows = await tx.fetch(
        _NOTE,
        tx.organization_id,
        file_ids,
        None if reason is None else reason.value,
        at,
        list(without_key),
    )
    await tx.execute(_FORGET, tx.organization_id, file_ids)
    return [_destruction(row) for row in rows]


async def forget_uploads(tx: Tx, file_ids: Sequence[FileId]) -> None:
    """Forget what resumable uploads, which are remembered for some time, said of these files."""
    await tx.execute(
        """update uploads set name = 'file', declared_type = null, metadata = ''
           where organization_id = $1 and file_id = any($2)""",
        tx.organization_id,
        file_ids,
    )


async def parts_of(tx: Tx, file_ids: Sequence[FileId]) -> dict[FileId, list[FileId]]:
    """Blobs that these files came in as, which nobody has cleared away yet, by file."""
    rows = await tx.fetch(
        """select u.file_id, array_agg(p.id) as ids
           from uploads u join upload_parts p on p.organization_id = $1 and p.upload_id = u.id
           where u.organization_id = $1 and u.file_id = any($2) group by u.file_id""",
        tx.organization_id,
        file_ids,
    )
    return {row["file_id"]: row["ids"] for row in rows}


async def forget_case(tx: Tx, case_id: CaseId, at: datetime) -> None:
    """Forget what a removed case says of its patient, and what was said in it."""
    for statement in (
        "delete from communications where organization_id = $1 and case_id = $2",
        "delete from case_answers where organization_id = $1 and case_id = $2",
    ):
        await tx.execute(statement, tx.organization_id, case_id)
    await tx.execute(
        """update cases
           set purged_at = $3, patient_name = null, patient_age = null, patient_gender = null,
               summary = null, patient_id = null, form_id = null
           where organization_id = $1 and id = $2 and deleted_at is not null""",
        tx.organization_id,
        case_id,
        at,
    )


async def purging(tx: Tx, but: Collection[FileId], most: int) -> list[FileId]:
    """Files whose bytes are to be destroyed, oldest removal first. `but`: those to leave out."""
    rows = await tx.fetch(_PURGING, tx.organization_id, list(but), most)
    return [row["id"] for row in rows]


async def unfinished(tx: Tx, file_ids: Sequence[FileId]) -> list[Destruction]:
    """What is known of those of the files that nobody has finished yet; their rows are held until
    the transaction ends.
    """
    rows = await tx.fetch(_UNFINISHED, tx.organization_id, file_ids)
    return [_destruction(row) for row in rows]


async def finish(
    tx: Tx, file_ids: Sequence[FileId], certificates: Sequence[str], at: datetime
) -> None:
    """Keep the certificates of files, in their order, of which nothing is left any more."""
    await tx.execute(
        """update destructions d set bytes_destroyed_at = $4, certificate = k.certificate
           from unnest($2::uuid[], $3::text[]) as k (id, certificate)
           where d.organization_id = $1 and d.file_id = k.id and d.certificate is null""",
        tx.organization_id,
        file_ids,
        certificates,
        at,
    )
    await tx.execute(_FINISH, tx.organization_id, file_ids)


async def certified(tx: Tx, *, before: FileId | None, most: int) -> list[Destruction]:
    """What has a certificate, of files that came before `before`, those that came last first."""
    rows = await tx.fetch(_CERTIFIED, tx.organization_id, before, most)
    return [_destruction(row) for row in rows]


def _destruction(row: Row) -> Destruction:
    columns: dict[str, Any] = dict(row)
    columns["reason"] = Reason(columns["reason"])
    return Destruction(**columns)
