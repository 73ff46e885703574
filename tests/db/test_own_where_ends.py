"""Every statement about ends carries its own WHERE too: asked through a role that the wall does not
hold back, each still finds and changes rows of the transaction's organisation only.
"""

from datetime import timedelta

import asyncpg

from casekeep.cases import queries as cases
from casekeep.cases import queries_holds as held
from casekeep.db.database import Database, Tx
from casekeep.files.model import Category
from casekeep.kernel.ids import HoldId
from casekeep.retention import queries as retention
from casekeep.retention import queries_due as due
from casekeep.retention import queries_purging as purging
from casekeep.retention.model import Schedule, Terms
from tests.db.furnished import SINCE, UNTIL, Clinic, rows_of

NOW = SINCE + timedelta(hours=1)


async def test_holds_and_what_is_due_of_another_are_neither_found_nor_changed(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    late = UNTIL + timedelta(days=1)
    async with seeing.transaction(other.id) as tx:
        await held.mark_lifted(tx, other.hold, None, NOW)
        await tx.execute("update cases set deleted_at = $2 where id = $1", other.case_id, NOW)
    before = await rows_of(above, other)
    async with seeing.transaction(mine.id) as tx:
        found = [
            await held.find_hold(tx, other.hold),
            await held.hold_on_case(tx, other.case_id),
            await held.hold_on_file(tx, other.file, other.case_id),
            await held.can_be_held(tx, other.file),
            await held.mark_lifted(tx, other.hold, None, NOW),
            set(await _holds(tx)) - {mine.hold},
            await due.due_files(tx, late, 1, 9),
            await due.due_case(tx, late, 1),
            await due.is_file_free(tx, other.removed, late),
            await due.is_case_free(tx, other.case_id, late),
            await due.scheduled(tx, late, 9),
            await purging.remove_scheduled(tx, [other.file], NOW),
            await purging.remove_with_case(tx, other.case_id),
            await purging.begin_purging(tx, [other.removed], None, NOW, without_key=()),
            await purging.forget_case(tx, other.case_id, NOW),
            set(await purging.purging(tx, [], 9)) - {mine.purging},
            await purging.unfinished(tx, [other.purging]),
            await purging.finish(tx, [other.purging], ["{}"], NOW),
            await retention.certificate_of(tx, other.purging),
        ]
        assert not any(found), found
        assert await _holds(tx) == [mine.hold]
        await retention.set_trash_days(tx, 9)
        await retention.set_schedule(tx, Schedule(Category.LAB, 9), NOW)
        assert await retention.terms(tx) == Terms(
            9, (Schedule(Category.LAB, 9), Schedule(Category.RADIOLOGY))
        )
    assert await rows_of(above, other) == before


async def test_ones_own_holds_and_what_is_due_are_found(seeing: Database, mine: Clinic) -> None:
    late = UNTIL + timedelta(days=1)
    async with seeing.transaction(mine.id) as tx:
        assert await held.find_hold(tx, mine.hold)
        assert await held.hold_on_case(tx, mine.case_id)
        assert await held.hold_on_file(tx, mine.file, mine.case_id)
        assert await held.mark_lifted(tx, mine.hold, None, NOW)
        assert await due.due_files(tx, late, 1, 9) == [mine.removed]
        assert await due.is_file_free(tx, mine.removed, late)
        await retention.set_schedule(tx, Schedule(Category.LAB, None, 1), NOW)
        assert [each.id for each in await due.scheduled(tx, late, 9)] == [mine.file]
        await cases.mark_removed(tx, mine.case_id, None, NOW)
        assert await due.due_case(tx, late, 1) == mine.case_id
        assert set(await purging.remove_with_case(tx, mine.case_id)) == {mine.file, mine.removed}
        assert await purging.purging(tx, [], 9) == [mine.purging]
        assert len(await purging.unfinished(tx, [mine.purging])) == 1
        await purging.finish(tx, [mine.purging], ["{}"], NOW)
        assert await retention.certificate_of(tx, mine.purging) == "{}"


async def _holds(tx: Tx) -> list[HoldId]:
    return [each.id for each in await held.holds(tx, lifted=True, most=9, after=None)]
