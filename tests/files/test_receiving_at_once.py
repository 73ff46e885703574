import asyncio
from collections.abc import AsyncIterator

import pytest

from casekeep.cases.model import NewCase
from casekeep.files.listing import list_case_files
from casekeep.files.model import Category, StoredFile
from casekeep.identity.model import Clinician
from casekeep.kernel.ids import CaseId
from tests.files.room import Room, body, pdf
from tests.support.factories import make_case, make_clinician, make_organization

MANY = 200


async def clinician_with_case(room: Room) -> tuple[Clinician, CaseId]:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)
    return clinician, case.id


async def test_two_hundred_uploads_of_one_name_into_one_case(room: Room) -> None:
    clinician, case_id = await clinician_with_case(room)
    arrived, all_here = 0, asyncio.Event()

    async def together(content: bytes) -> AsyncIterator[bytes]:
        nonlocal arrived
        yield content[:100]
        arrived += 1
        if arrived == MANY:
            all_here.set()
        await all_here.wait()
        yield content[100:]

    async def upload(number: int) -> StoredFile:
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("report.pdf", together(pdf(str(number))), Category.LAB)
            (file,) = await batch.keep_in_case(
                case_id, category=Category.LAB, is_phi=True, is_restricted=False
            )
        return file

    files = await asyncio.gather(*(upload(number) for number in range(MANY)))
    number = files[0].case_number
    assert {file.url_path for file in files} == {
        f"/files/{number}/report.pdf",
        *(f"/files/{number}/report ({n}).pdf" for n in range(2, MANY + 1)),
    }
    listed = await list_case_files(room.db, room.audit, clinician, case_id)
    assert set(listed) == set(files)
    assert len(await room.keys(clinician.organization_id)) == MANY


async def test_new_cases_at_once_do_not_mix(room: Room) -> None:
    clinician, _ = await clinician_with_case(room)

    async def open_one(number: int) -> tuple[str, list[str]]:
        async with room.receiving.batch(clinician) as batch:
            for part in range(3):
                await batch.receive(f"{number}-{part}.pdf", body(pdf()), Category.LAB)
            case, files = await batch.keep_in_new_case(NewCase(f"Pat {number}", 30, "male"))
        assert {file.case_id for file in files} == {case.id}
        return case.patient_name, [file.name for file in files]

    opened = await asyncio.gather(*(open_one(number) for number in range(30)))
    assert opened == [
        (f"Pat {number}", [f"{number}-{part}.pdf" for part in range(3)]) for number in range(30)
    ]


async def stalling(reached: asyncio.Event) -> AsyncIterator[bytes]:
    yield pdf()
    reached.set()
    await asyncio.Event().wait()


@pytest.mark.parametrize("relentless", [False, True])
async def test_a_client_that_vanishes_leaves_nothing(room: Room, relentless: bool) -> None:
    clinician, case_id = await clinician_with_case(room)
    reached = asyncio.Event()

    async def upload() -> None:
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("first.pdf", body(pdf()))
            await batch.receive("second.pdf", stalling(reached))
            await batch.keep_in_case(
                case_id, category=Category.LAB, is_phi=True, is_restricted=False
            )

    task = asyncio.create_task(upload())
    await reached.wait()
    task.cancel()
    while relentless and not task.done():  # the discard that the first one began is cancelled too
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    await room.receiving.close()
    assert await room.is_empty(clinician.organization_id)


async def test_cancelled_at_any_moment_it_is_all_or_nothing(room: Room) -> None:
    """The task is cancelled after one, two, three … steps of the loop, all through the acts."""
    clinician, _ = await clinician_with_case(room)

    async def upload() -> None:
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("one.pdf", body(pdf()), Category.LAB)
            await batch.receive("two.pdf", body(pdf()), Category.LAB)
            await batch.keep_in_new_case(NewCase("Pat Example", 44, "female"))

    for pause in (step / 2000 for step in range(60)):
        task = asyncio.create_task(upload())
        await asyncio.wait([task], timeout=pause)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await room.receiving.close()
    rows = await room.rows(clinician.organization_id)
    assert {row["state"] for row in rows} <= {"stored"}
    assert {key.file_id for key in await room.keys(clinician.organization_id)} == {
        row["id"] for row in rows
    }
    async with room.db.transaction(clinician.organization_id) as tx:
        counts = await tx.fetch(
            """select count(f.id) as files
               from cases c
               left join files f on f.organization_id = c.organization_id and f.case_id = c.id
               where c.organization_id = $1 and c.clinician_id = $2 and c.number > 10001
               group by c.id""",
            tx.organization_id,
            clinician.user_id,
        )
    assert {row["files"] for row in counts} <= {2}
