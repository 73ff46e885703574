"""SQL of the files room for files on their way in: rows that are not shown to anybody yet, and the
locks that say which process receives them. It decides nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from casekeep.db.database import Tx
from casekeep.files.life import Life, becoming, being
from casekeep.files.model import Category, Marks, Received
from casekeep.kernel.ids import CaseId, FileId, UserId

if TYPE_CHECKING:
    from casekeep.db.database import Connection

# Advisory locks of two numbers are a space of their own; this is the first one of ours.
RECEIVERS = 1_128_353_107
_AT_ONCE = 500

_KEEP = f"""
    update files f
    set {becoming(Life.RECEIVING, Life.STORED)}, case_id = $2, patient_id = $3, created_at = $4,
        url_path = k.url_path, media_type = k.media_type, size = k.size, sha256 = k.sha256,
        category = k.category,
        is_phi = k.is_phi, is_restricted = k.is_restricted, answer_id = k.answer_id,
        communication_id = k.communication_id
    from unnest($5::uuid[], $6::text[], $7::text[], $8::bigint[], $9::bytea[], $10::text[],
                $11::boolean[], $12::boolean[], $13::uuid[], $14::uuid[])
         as k (id, url_path, media_type, size, sha256, category, is_phi, is_restricted, answer_id,
               communication_id)
    where f.organization_id = $1 and f.id = k.id
      and {being(Life.RECEIVING, "f")}"""  # noqa: S608 - constants of files/life.py
_DISCARD = f"""
    update files set {becoming(Life.RECEIVING, Life.DISCARDED)}
    where organization_id = $1 and {being(Life.RECEIVING)}"""  # noqa: S608 - the same
_ABANDON = f"""
    with arriving as materialized (
        select distinct receiver from files where organization_id = $1 and state = 'receiving'
    ), abandoned as materialized (
        select receiver from arriving
        where pg_try_advisory_xact_lock($2::integer, receiver::integer)
    )
    {_DISCARD} and receiver in (select receiver from abandoned)"""  # noqa: S608 - the same


@dataclass(frozen=True, slots=True)
class Keeping:
    """What all files of one act of keeping have in common. `marks`: those of a file that was
    received without any of its own.
    """

    case_id: CaseId | None
    patient_id: UserId | None
    marks: Marks
    at: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """A received file with its category and the `file_url` it is given for good."""

    received: Received
    category: Category
    url_path: str


async def insert_receiving(
    tx: Tx, file_id: FileId, name: str, *, receiver: int, uploaded_by: UserId | None
) -> None:
    """The row that must exist before the first byte does."""
    await tx.execute(
        """insert into files (id, organization_id, name, is_phi, receiver, uploaded_by)
           values ($1, $2, $3, true, $4, $5)""",
        file_id,
        tx.organization_id,
        name,
        receiver,
        uploaded_by,
    )


async def taken_paths(tx: Tx, paths: Sequence[str]) -> set[str]:
    """Which of these were given to a file of the organisation already, removed or not."""
    rows = await tx.fetch(
        "select url_path from files where organization_id = $1 and url_path = any($2)",
        tx.organization_id,
        paths,
    )
    return {row["url_path"] for row in rows}


async def keep(tx: Tx, keeping: Keeping, files: Sequence[Placed]) -> int:
    """Make received files stored ones; how many of them were still there to be kept."""
    marks = [file.received.marks or keeping.marks for file in files]
    return await tx.execute(
        _KEEP,
        tx.organization_id,
        keeping.case_id,
        keeping.patient_id,
        keeping.at,
        [file.received.id for file in files],
        [file.url_path for file in files],
        [file.received.media_type for file in files],
        [file.received.size for file in files],
        [file.received.sha256 for file in files],
        [file.category.value for file in files],
        [each.is_phi for each in marks],
        [each.is_restricted for each in marks],
        [each.answer_id for each in marks],
        [each.communication_id for each in marks],
    )


async def stored_among(tx: Tx, file_ids: Sequence[FileId]) -> set[FileId]:
    """Which of these are stored. Waits for transactions that are about to decide it."""
    rows = await tx.fetch(
        "select id, state from files where organization_id = $1 and id = any($2) for update",
        tx.organization_id,
        file_ids,
    )
    return {row["id"] for row in rows if row["state"] == "stored"}


async def mark_discarded(tx: Tx, file_ids: Sequence[FileId]) -> None:
    """Give up those that are still arriving; what is stored by now stays stored."""
    await tx.execute(
        _DISCARD + " and id = any($2)",
        tx.organization_id,
        file_ids,
    )


async def delete_discarded(tx: Tx, file_ids: Sequence[FileId]) -> int:
    """Remove rows whose bytes are gone; how many."""
    return await tx.execute(
        "delete from files where organization_id = $1 and id = any($2) and state = 'discarded'",
        tx.organization_id,
        file_ids,
    )


async def give_up_abandoned(tx: Tx, but: Collection[FileId]) -> list[FileId]:
    """Mark as discarded what is arriving at processes that live no more; then the ids of the
    oldest discarded files, a few hundred at most. `but`: those to leave out.
    """
    await tx.execute(
        _ABANDON,
        tx.organization_id,
        RECEIVERS,
    )
    rows = await tx.fetch(
        """select id from files where organization_id = $1 and state = 'discarded'
             and id <> all($3::uuid[])
           order by created_at limit $2""",
        tx.organization_id,
        _AT_ONCE,
        list(but),
    )
    return [row["id"] for row in rows]


async def try_to_hold(connection: "Connection", number: int) -> bool:
    """Hold receiver `number` for as long as this connection lives; False if somebody does."""
    return await connection.fetchval(
        "select pg_try_advisory_lock($1::integer, $2::integer)", RECEIVERS, number
    )
