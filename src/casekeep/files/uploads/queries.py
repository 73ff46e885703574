"""SQL of uploads that arrive in parts. It decides nothing; an upload in hand is changed only by
the act that has a grip on it, which every such statement names.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from casekeep.db.database import Row, Tx
from casekeep.files.model import Category
from casekeep.files.queries_receiving import RECEIVERS
from casekeep.files.uploads.model import NewUpload, Part, State, Upload
from casekeep.identity.model import Clinician, Patient, Role
from casekeep.kernel.ids import CaseId, FileId, UploadId, UserId

_COLUMNS = """id, organization_id, user_id, role, case_id, name, declared_type, category, is_phi,
    is_restricted, metadata, length, received, parts, state, grip, file_id, expires_at"""
_FIND = f"select {_COLUMNS} from uploads where organization_id = $1 and id = $2 and user_id = $3"  # noqa: S608 - constants of this module
_LOCK = " for no key update"
# A grip is free when there is none; when its process lives no more, whose number another one can
# then lock; and when it is this very process's, which knows of no such act.
_TAKE = """
    update uploads set grip = $3, receiver = $4, gripped_at = now()
    where organization_id = $1 and id = $2
      and (grip is null or receiver = $4 and grip <> all($5::uuid[])
           or receiver <> $4 and pg_try_advisory_xact_lock($6::integer, receiver::integer))"""
_IS_FREE = """
    (grip is null or pg_try_advisory_xact_lock($3::integer, receiver::integer))"""
# A clinician's without a case waits for one, as long as it may.
_WAITS = "role = 'clinician' and case_id is null"
_IS_LIVE = """
    exists (select from users s where s.organization_id = $1 and s.id = u.user_id
              and s.disabled_at is null)"""
_ADD = """
    update uploads
    set received = received + $4, parts = parts + 1, expires_at = $5,
        state = case when received + $4 = length then 'complete' else 'receiving' end
    where organization_id = $1 and id = $2 and grip = $3 and state = 'receiving'"""
# What is left of an upload that is over, and of an act that is.
_LEFT_OVER = """
    select p.id from upload_parts p
    join uploads u on u.organization_id = $1 and u.id = p.upload_id
    where p.organization_id = $1 and p.id <> all($2::uuid[])
      and (u.state in ('finished', 'ended') and u.grip is null
           or p.size is null and p.id is distinct from u.grip)
    limit $3"""
_FORGET = """
    delete from uploads u
    where organization_id = $1 and expires_at < $2 and state in ('finished', 'ended')
      and not exists (select from upload_parts p
                      where p.organization_id = $1 and p.upload_id = u.id)"""


async def insert(
    tx: Tx,
    upload_id: UploadId,
    sender: Clinician | Patient,
    case_id: CaseId | None,
    new: NewUpload,
    *,
    at: datetime,
    expires_at: datetime,
) -> None:
    """A new upload without any bytes."""
    await tx.execute(
        """insert into uploads (id, organization_id, user_id, role, case_id, name, declared_type,
               category, is_phi, is_restricted, metadata, length, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)""",
        upload_id,
        tx.organization_id,
        sender.user_id,
        (Role.PATIENT if isinstance(sender, Patient) else Role.CLINICIAN).value,
        case_id,
        new.name,
        new.declared_type,
        new.category.value,
        new.is_phi,
        new.is_restricted,
        new.metadata,
        new.length,
        at,
        expires_at,
    )


async def find(
    tx: Tx, upload_id: UploadId, user_id: UserId, *, lock: bool = False
) -> Upload | None:
    """An upload of this user's. `lock`: hold its row until the transaction ends."""
    sql = _FIND + (_LOCK if lock else "")
    row = await tx.fetch_row(sql, tx.organization_id, upload_id, user_id)
    return None if row is None else _upload(row)


async def take(
    tx: Tx, upload_id: UploadId, grip: UUID, receiver: int, alive: Collection[UUID]
) -> bool:
    """Take an upload in hand; False if another act has it. `alive`: the acts of this process."""
    taken = await tx.execute(
        _TAKE, tx.organization_id, upload_id, grip, receiver, list(alive), RECEIVERS
    )
    return taken == 1


async def let_go(tx: Tx, upload_id: UploadId, grip: UUID) -> None:
    """Let go of an upload, unless somebody else has it by now."""
    await tx.execute(
        """update uploads set grip = null, receiver = null, gripped_at = null
           where organization_id = $1 and id = $2 and grip = $3""",
        tx.organization_id,
        upload_id,
        grip,
    )


async def let_go_of_lost(tx: Tx, receiver: int, alive: Collection[UUID]) -> None:
    """Let go of what acts of this process had a grip on that are over; `alive`: those that are
    not. Made in a transaction that began before `alive` was looked up, so that a newer act is left
    alone.
    """
    await tx.execute(
        """update uploads set grip = null, receiver = null, gripped_at = null
           where organization_id = $1 and receiver = $2 and gripped_at < now()
             and grip <> all($3::uuid[])""",
        tx.organization_id,
        receiver,
        list(alive),
    )


async def set_length(tx: Tx, upload_id: UploadId, length: int) -> None:
    """Say how long an upload will be, where that was left open."""
    await tx.execute(
        """update uploads
           set length = $3, state = case when received = $3 then 'complete' else state end
           where organization_id = $1 and id = $2 and length is null""",
        tx.organization_id,
        upload_id,
        length,
    )


async def set_case(tx: Tx, upload_id: UploadId, case_id: CaseId) -> bool:
    """Say which case an upload belongs to, which had none; False if it has one."""
    changed = await tx.execute(
        """update uploads set case_id = $3
           where organization_id = $1 and id = $2 and case_id is null
             and state in ('receiving', 'complete')""",
        tx.organization_id,
        upload_id,
        case_id,
    )
    return changed == 1


async def insert_part(tx: Tx, part_id: FileId, upload_id: UploadId, start: int) -> None:
    """The row that must exist before the first byte of a part does."""
    await tx.execute(
        """insert into upload_parts (id, organization_id, upload_id, start)
           values ($1, $2, $3, $4)""",
        part_id,
        tx.organization_id,
        upload_id,
        start,
    )


async def add_part(tx: Tx, upload_id: UploadId, grip: UUID, part: Part, until: datetime) -> bool:
    """Count a part whose bytes are durable; False if the upload is over, or in other hands."""
    if not await tx.execute(_ADD, tx.organization_id, upload_id, grip, part.size, until):
        return False
    added = await tx.execute(
        """update upload_parts set size = $3, sha256 = $4
           where organization_id = $1 and id = $2 and size is null""",
        tx.organization_id,
        part.id,
        part.size,
        part.sha256,
    )
    return added == 1


async def parts_of(tx: Tx, upload_id: UploadId) -> tuple[Part, ...]:
    """The parts that count, in their order."""
    rows = await tx.fetch(
        """select id, size, sha256 from upload_parts
           where organization_id = $1 and upload_id = $2 and size is not null order by start""",
        tx.organization_id,
        upload_id,
    )
    return tuple(Part(*row.values()) for row in rows)


async def mark_finished(tx: Tx, upload_id: UploadId, grip: UUID, file_id: FileId) -> bool:
    """Say what file was made of a complete upload; False if it is over, or in other hands."""
    finished = await tx.execute(
        """update uploads set state = 'finished', file_id = $4,
                              grip = null, receiver = null, gripped_at = null
           where organization_id = $1 and id = $2 and grip = $3 and state = 'complete'""",
        tx.organization_id,
        upload_id,
        grip,
        file_id,
    )
    return finished == 1


async def mark_ended(tx: Tx, upload_id: UploadId) -> bool:
    """Give an upload up, whoever has it in hand; False if it is over already."""
    ended = await tx.execute(
        """update uploads set state = 'ended', grip = null, receiver = null, gripped_at = null
           where organization_id = $1 and id = $2 and state in ('receiving', 'complete')""",
        tx.organization_id,
        upload_id,
    )
    return ended == 1


async def end_expired(tx: Tx, now: datetime) -> list[tuple[UploadId, CaseId | None]]:
    """Give up what ran out of time and nobody has in hand; what was given up, with its case. What
    is complete is not, as long as a file can still be made of it.
    """
    rows = await tx.fetch(
        f"""update uploads u set state = 'ended', grip = null, receiver = null, gripped_at = null
            where organization_id = $1 and expires_at < $2 and {_IS_FREE}
              and (state = 'receiving' or state = 'complete' and ({_WAITS} or not {_IS_LIVE}))
            returning id, case_id""",  # noqa: S608 - constants of this module
        tx.organization_id,
        now,
        RECEIVERS,
    )
    return [(row["id"], row["case_id"]) for row in rows]


async def abandoned(tx: Tx, at_most: int, but: Collection[UploadId]) -> list[Upload]:
    """Complete uploads that nobody makes a file of; `but`: those to leave out."""
    rows = await tx.fetch(
        f"""select {_COLUMNS} from uploads u
            where organization_id = $1 and state = 'complete' and id <> all($4::uuid[])
              and not ({_WAITS}) and {_IS_LIVE} and {_IS_FREE}
            order by expires_at limit $2""",  # noqa: S608 - constants of this module
        tx.organization_id,
        at_most,
        RECEIVERS,
        list(but),
    )
    return [_upload(row) for row in rows]


async def left_over(tx: Tx, at_most: int, but: Collection[FileId]) -> list[FileId]:
    """Parts whose bytes are of no use any more; `but`: those to leave out."""
    rows = await tx.fetch(_LEFT_OVER, tx.organization_id, list(but), at_most)
    return [row["id"] for row in rows]


async def delete_parts(tx: Tx, part_ids: Sequence[FileId]) -> None:
    """Remove rows whose bytes are gone."""
    await tx.execute(
        "delete from upload_parts where organization_id = $1 and id = any($2)",
        tx.organization_id,
        part_ids,
    )


async def forget_over(tx: Tx, before: datetime) -> int:
    """Remove uploads that are over, leave no part, and were to end `before` then; how many."""
    return await tx.execute(_FORGET, tx.organization_id, before)


def _upload(row: Row) -> Upload:
    values: dict[str, Any] = {
        **row,
        "role": Role(row["role"]),
        "category": Category(row["category"]),
        "state": State(row["state"]),
    }
    return Upload(**values)
