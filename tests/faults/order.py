"""What must hold of a house after a strike, once its own tasks have cleared up."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import asyncpg

from casekeep.audit.verification import verify
from casekeep.blobs.store import BlobKey
from casekeep.db.errors import DatabaseNotUsable
from casekeep.files.sweeping import sweep
from casekeep.files.uploads.ending import sweep_uploads
from casekeep.files.verifying.model import Checked
from casekeep.files.verifying.verifying import verify_store
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import FileId, OrganizationId
from casekeep.retention.purging import finish_purging
from casekeep.retention.queries import certificate_of
from tests.faults.struck import Outcome
from tests.support.house import purging

Rows = dict[FileId, asyncpg.Record]
R = TypeVar("R")

_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DatabaseNotUsable)


async def once_it_is_back(ask: Callable[[], Awaitable[R]]) -> R:
    """What the database says, as soon as it has recovered."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await ask()
            except _AWAY:
                await asyncio.sleep(0.02)


async def put_in_order(house: House, organization_id: OrganizationId) -> Rows:
    """Let the house's own tasks clear up, until nothing is on its way; the rows that stay. A day
    passes, after which nobody goes on with an upload.
    """
    tomorrow = replace(house.uploads, clock=lambda: utc_now() + timedelta(hours=25))

    async def clear_up() -> Rows | None:
        await sweep(house.db, house.blobs)
        await sweep_uploads(tomorrow)
        await finish_purging(purging(house), organization_id)
        return await _rows_at_rest(house, organization_id)

    async with asyncio.timeout(30):
        while (rows := await once_it_is_back(clear_up)) is None:  # noqa: ASYNC110 - as the tasks do
            await asyncio.sleep(0.02)
    return rows


async def _rows_at_rest(house: House, organization_id: OrganizationId) -> Rows | None:
    """All files; None while something is on its way."""
    async with house.db.transaction(organization_id) as tx:
        rows = await tx.fetch("select * from files where organization_id = $1", organization_id)
        under_way = await tx.fetch_value(
            """select (select count(*) from upload_parts)
                    + (select count(*) from uploads where state in ('receiving', 'complete'))"""
        )
    is_at_rest = not under_way and all(row["state"] in {"stored", "purged"} for row in rows)
    return {row["id"]: row for row in rows} if is_at_rest else None


async def demand_order(house: House, organization_id: OrganizationId, outcome: Outcome) -> Rows:
    """Nothing acknowledged is lost, nothing refused is seen, nothing is left over, and a check of
    every byte finds nothing. The rows of the files that are stored.
    """
    received = await once_it_is_back(lambda: _most_received(house, organization_id))
    assert received >= outcome.received, "received, and lost"
    there = await put_in_order(house, organization_id)
    await _demand_as_said(house, organization_id, outcome, there)
    stored = {file_id: row for file_id, row in there.items() if row["state"] == "stored"}
    digests = {row["sha256"].hex() for row in stored.values()}
    assert not digests & outcome.refused, "refused, and seen"
    for file_id, row in stored.items():
        key, digest = BlobKey(organization_id, file_id), hashlib.sha256()
        async for piece in house.blobs.read(key, 0, row["size"]):
            digest.update(piece)
        assert digest.digest() == row["sha256"], "not what was received"
        assert outcome.kept.get(file_id, row["sha256"].hex()) == row["sha256"].hex()
    bytes_of = {key.file_id async for key in house.blobs.keys()}  # noqa: SIM118 - no dict
    assert bytes_of == stored.keys(), "bytes without a row, or a row without bytes"
    assert await _sealed(house, organization_id) == stored.keys(), "a key of nothing, or none"
    assert await files_checked(house, organization_id) == len(stored)
    assert (await verify(house.db, organization_id)).ok, "the audit is not whole"
    return stored


async def _demand_as_said(
    house: House, organization_id: OrganizationId, outcome: Outcome, there: Rows
) -> None:
    assert outcome.kept.keys() <= there.keys(), "acknowledged, and lost"
    for file_id in outcome.removed:
        assert there[file_id]["deleted_at"] is not None, "removed, and there again"
    for file_id in outcome.restored:
        assert there[file_id]["deleted_at"] is None, "restored, and not there"
    purged = {file_id for file_id, row in there.items() if row["state"] == "purged"}
    assert outcome.purged <= purged <= outcome.removed, "purged, and there; or not to be purged"
    for file_id in purged:
        assert await _is_certified(house, organization_id, file_id), "purged without a proof"


async def files_checked(house: House, organization_id: OrganizationId) -> int:
    """How many files `casekeep verify --deep` reads, and finds nothing; a day on, since what is
    young is no orphan yet.
    """
    tomorrow = Checked(
        house.db, house.blobs, house.audit, clock=lambda: utc_now() + timedelta(days=1)
    )
    report = await verify_store(
        tomorrow,
        [organization_id],
        deep=True,
        everywhere=True,
        repairing=None,
        watching=lambda _: None,
    )
    assert report.is_clean, report.found
    return report.files


async def _most_received(house: House, organization_id: OrganizationId) -> int:
    """Bytes that the upload in parts has, if there is one."""
    async with house.db.transaction(organization_id) as tx:
        return await tx.fetch_value("select coalesce(max(received), 0) from uploads")


async def _is_certified(house: House, organization_id: OrganizationId, file_id: FileId) -> bool:
    async with house.db.transaction(organization_id) as tx:
        return await certificate_of(tx, file_id) is not None


async def _sealed(house: House, organization_id: OrganizationId) -> set[FileId]:
    async with house.db.transaction(organization_id) as tx:
        return {row["blob_id"] for row in await tx.fetch("select blob_id from seals")}
