import pytest

from casekeep.files.listing import list_case_files
from casekeep.files.model import StoredFile
from casekeep.retention.expiring import remove_expired
from casekeep.retention.model import Due
from tests.files.room import Room
from tests.retention.ending import Ending, ending


@pytest.fixture
async def clinic(room: Room) -> Ending:
    return await ending(room)


async def expire(clinic: Ending) -> int:
    return await remove_expired(
        clinic.room.db, clinic.room.audit, clinic.organization_id, clock=clinic.clock
    )


async def shown(clinic: Ending) -> tuple[StoredFile, ...]:
    return await list_case_files(
        clinic.room.db, clinic.room.audit, clinic.clinician, clinic.case.id
    )


async def test_a_file_goes_to_the_trash_when_its_schedule_ends(clinic: Ending) -> None:
    file, elsewhere = await clinic.add(), await clinic.add(clinic.other_case.id)
    await clinic.set_terms(remove_after_days=10)
    clinic.days = 9.9
    assert await expire(clinic) == 0
    clinic.days = 10.1
    assert await expire(clinic) == 2
    assert await shown(clinic) == ()
    assert [event for event, _ in await clinic.events()].count("file.removed") == 2
    clinic.days = 41
    done = await clinic.purge()
    assert done.due == Due(0, 0, 2, file.size + elsewhere.size)
    assert (await clinic.destruction(file))["reason"] == "retention"
    assert (await clinic.destruction(file))["removed_by"] is None


async def test_what_was_brought_back_is_left_alone_for_as_long_again(clinic: Ending) -> None:
    file = await clinic.add()
    await clinic.set_terms(remove_after_days=10)
    clinic.days = 11
    assert await expire(clinic) == 1
    await clinic.restore(file)
    assert await expire(clinic) == 0
    clinic.days = 20.9
    assert await expire(clinic) == 0
    clinic.days = 21.1
    assert await expire(clinic) == 1


async def test_a_case_that_was_brought_back_keeps_its_files_as_long(clinic: Ending) -> None:
    await clinic.add()
    await clinic.set_terms(remove_after_days=10)
    await clinic.remove_case()
    clinic.days = 11
    assert await expire(clinic) == 0
    await clinic.restore_case()
    assert await expire(clinic) == 0
    clinic.days = 22
    assert await expire(clinic) == 1


async def test_what_is_held_stays(clinic: Ending) -> None:
    file, other = await clinic.add(), await clinic.add(clinic.other_case.id)
    holds = [await clinic.hold(file), await clinic.hold(clinic.other_case)]
    await clinic.set_terms(remove_after_days=10)
    clinic.days = 11
    assert await expire(clinic) == 0
    await clinic.lift(holds[0].id)
    assert await expire(clinic) == 1
    await clinic.lift(holds[1].id)
    assert await expire(clinic) == 1
    assert (await clinic.row(other))["removed_by_schedule"] is True
