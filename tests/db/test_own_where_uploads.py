"""Every statement about uploads and quotas carries its own WHERE too: asked through a role that the
wall does not hold back, each still finds and changes rows of the transaction's organisation only.
"""

from datetime import timedelta

import asyncpg

from casekeep.db.database import Database, Tx
from casekeep.files import queries_quotas as quotas
from casekeep.files.queries_quotas import Count
from casekeep.files.uploads import queries as uploads
from casekeep.files.uploads.model import Part
from casekeep.files.verifying import queries as verifying
from casekeep.files.verifying import queries_measuring as measuring
from casekeep.kernel.ids import FileId, UploadId, new_id
from tests.db.furnished import UNTIL, Clinic, rows_of

LATE = UNTIL + timedelta(days=1)


async def test_uploads_of_another_are_neither_found_nor_changed(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    before = await rows_of(above, other)
    upload, part = await _upload_of(seeing, other)
    own, own_part = await _upload_of(seeing, mine)
    hold, counted = new_id(), Part(part, 3, bytes(32))
    async with seeing.transaction(mine.id) as tx:
        found = [
            await uploads.find(tx, upload, other.clinician, lock=True),
            await uploads.take(tx, upload, hold, 0, []),
            await uploads.set_case(tx, upload, mine.case_id),
            await uploads.add_part(tx, upload, hold, counted, LATE),
            await uploads.parts_of(tx, upload),
            await uploads.mark_finished(tx, upload, hold, mine.file),
            await uploads.mark_ended(tx, upload),
            set(await uploads.left_over(tx, 9, [])) - {own_part},
            await uploads.abandoned(tx, 9, [own]),
            {each for each, _ in await uploads.end_expired(tx, LATE)} - {own},
            await uploads.forget_over(tx, LATE),
            await verifying.owned_among(tx, [part]),
        ]
        assert not any(found), found
        await uploads.set_length(tx, upload, 9)
        await uploads.let_go(tx, upload, hold)
        await uploads.let_go_of_lost(tx, 0, [])
        await uploads.delete_parts(tx, [part])
    assert await rows_of(above, other) == before


async def test_counts_are_of_ones_own(seeing: Database, mine: Clinic, other: Clinic) -> None:
    upload, part = await _upload_of(seeing, mine)
    async with seeing.transaction(mine.id) as tx:
        await quotas.lock_counts(tx)
        (own, all_), stored = await quotas.unfinished(tx, mine.clinician), await measuring.stock(tx)
        assert own == all_
        assert (all_.count, stored.in_parts) == (1, 1)
        assert (await quotas.unfinished(tx, other.clinician))[0] == Count(0, 0)
        (own, all_), (files, size) = await quotas.kept(tx, None), await verifying.totals(tx)
        assert (own, all_) == (Count(0, 0), Count(size, files))
        assert (await quotas.kept(tx, other.clinician))[0] == Count(0, 0)
        assert await verifying.owned_among(tx, [part]) == {part}
        assert await uploads.find(tx, upload, mine.clinician)
        assert await uploads.mark_ended(tx, upload)
        assert await uploads.left_over(tx, 9, []) == [part]


async def _upload_of(seeing: Database, clinic: Clinic) -> tuple[UploadId, FileId]:
    async with seeing.transaction(clinic.id) as tx:
        found = await _row(tx, clinic)
    return UploadId(found["upload_id"]), FileId(found["id"])


async def _row(tx: Tx, clinic: Clinic) -> asyncpg.Record:
    row = await tx.fetch_row(
        "select upload_id, id from upload_parts where organization_id = $1", clinic.id
    )
    assert row is not None
    return row
