from collections.abc import AsyncGenerator

import pytest
from structlog.testing import capture_logs

from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import BlobKey, StoreUnavailable
from casekeep.cases.analyzing import request_analysis
from casekeep.cases.changing import change_case
from casekeep.cases.model import AnalysisState, CaseChange, CaseFacts
from casekeep.cases.queries import find_case
from casekeep.cases.removal import remove_case, restore_case
from casekeep.files.model import StoredFile
from casekeep.files.removal import remove_file
from casekeep.identity.model import Clinician
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import CaseId, new_id
from casekeep.processing.analysis import analyze_case, give_up_analysis
from tests.files.room import Room
from tests.files.test_arranging import clinic
from tests.files.test_changing import add
from tests.support.factories import make_clinician


async def analyze(room: Room, case: CaseFacts) -> None:
    await analyze_case(room.db, room.blobs, room.audit, case.organization_id, case.id)


async def state(room: Room, case: CaseFacts) -> AnalysisState:
    async with room.db.transaction(case.organization_id) as tx:
        found = await find_case(tx, case.id)
    assert found is not None
    return found.analysis_state


async def begun(room: Room, files: int = 2) -> tuple[Clinician, CaseFacts, list[StoredFile]]:
    """A case whose analysis is asked for."""
    clinician, _, case, _ = await clinic(room)
    added = [await add(room, clinician, case.id) for _ in range(files)]
    asked = await request_analysis(room.db, room.audit, clinician, case.number)
    assert asked.analysis_state is AnalysisState.PROCESSING
    assert asked.updated_at > asked.created_at
    return clinician, case, added


async def overwrite(room: Room, file: StoredFile, content: bytes | None) -> None:
    """Put other bytes where a file's are, or none."""
    key = BlobKey(file.organization_id, file.id)
    await room.blobs.delete(key)
    if content is not None:
        async with room.blobs.receive(key) as writer:
            await writer.write(content)
            await writer.finish()


@pytest.mark.parametrize("files", [0, 1, 3])
async def test_a_case_whose_files_are_whole_is_completed(room: Room, files: int) -> None:
    clinician, case, _ = await begun(room, files)
    await analyze(room, case)
    assert await state(room, case) is AnalysisState.COMPLETED
    async with room.db.transaction(clinician.organization_id) as tx:
        rows = await tx.fetch(
            """select actor_kind, details::jsonb ->> 'state' as state,
                      (details::jsonb ->> 'files')::integer as files
               from audit_events where organization_id = $1 and action = 'case.analyzed'
               order by occurred_at, id""",
            clinician.organization_id,
        )
    assert [tuple(row) for row in rows] == [
        ("clinician", None, None),
        ("operator", "completed", files),
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: None,
        lambda file: b"%" * file.size,
        lambda file: b"%" * (file.size - 1),
        lambda file: b"%" * (file.size + 1),
    ],
    ids=["missing", "altered", "shorter", "longer"],
)
async def test_a_case_with_a_file_that_is_not_what_was_received_fails(
    room: Room, spoil: object
) -> None:
    _, case, files = await begun(room)
    await overwrite(room, files[0], spoil(files[0]))  # type: ignore[operator]
    with capture_logs() as logs:
        await analyze(room, case)
    assert await state(room, case) is AnalysisState.FAILED
    assert [(line["event"], line["file_id"]) for line in logs] == [
        ("file.not_whole", str(files[0].id))
    ]


async def test_a_removed_file_is_no_concern(room: Room) -> None:
    clinician, case, files = await begun(room)
    await overwrite(room, files[0], None)
    await remove_file(room.db, room.audit, clinician, files[0].id)
    await analyze(room, case)
    assert await state(room, case) is AnalysisState.COMPLETED


async def test_doing_it_again_changes_nothing(room: Room) -> None:
    clinician, case, files = await begun(room)
    await analyze(room, case)
    before = await room.events(clinician.organization_id)
    await overwrite(room, files[0], None)
    await analyze(room, case)
    assert await state(room, case) is AnalysisState.COMPLETED
    assert await room.events(clinician.organization_id) == before
    await request_analysis(room.db, room.audit, clinician, case.id)
    await analyze(room, case)
    assert await state(room, case) is AnalysisState.FAILED


class Watched(LocalStore):
    """A store in which something happens while it is read."""

    def __init__(self, room: Room, clinician: Clinician, case: CaseFacts) -> None:
        super().__init__(room.root)
        self._room, self._clinician, self._case = room, clinician, case

    async def read(self, key: BlobKey, start: int, length: int) -> AsyncGenerator[bytes, None]:
        change = CaseChange(analysis_state=AnalysisState.ARCHIVED)
        room = self._room
        await change_case(room.db, room.audit, self._clinician, self._case.id, change)
        async for piece in super().read(key, start, length):
            yield piece


async def test_what_somebody_sets_meanwhile_stays(room: Room) -> None:
    """It also shows that no transaction holds the case while bytes are read."""
    clinician, case, _ = await begun(room, 1)
    watched = Watched(room, clinician, case)
    await analyze_case(room.db, watched, room.audit, case.organization_id, case.id)
    assert await state(room, case) is AnalysisState.ARCHIVED


async def test_a_store_that_is_away_leaves_it_for_another_time(room: Room) -> None:
    _, case, _ = await begun(room, 1)

    class Away(LocalStore):
        async def size(self, key: BlobKey) -> int:
            raise StoreUnavailable("EIO")

    with pytest.raises(StoreUnavailable):
        await analyze_case(room.db, Away(room.root), room.audit, case.organization_id, case.id)
    assert await state(room, case) is AnalysisState.PROCESSING
    await analyze(room, case)
    assert await state(room, case) is AnalysisState.COMPLETED


async def test_one_that_can_never_be_done_has_failed_and_may_be_asked_for_again(room: Room) -> None:
    clinician, case, _ = await begun(room, 1)
    organization_id = clinician.organization_id
    await give_up_analysis(room.db, room.audit, organization_id, case.id)
    assert await state(room, case) is AnalysisState.FAILED
    await request_analysis(room.db, room.audit, clinician, case.id)
    await analyze(room, case)
    await give_up_analysis(room.db, room.audit, organization_id, case.id)
    assert await state(room, case) is AnalysisState.COMPLETED


async def test_a_case_that_was_removed_is_left_alone(room: Room) -> None:
    clinician, case, _ = await begun(room)
    await remove_case(room.db, room.audit, clinician, case.id)
    await analyze(room, case)
    await analyze_case(room.db, room.blobs, room.audit, case.organization_id, CaseId(new_id()))
    await restore_case(room.db, room.audit, clinician, case.id)
    assert await state(room, case) is AnalysisState.PROCESSING


async def test_only_the_clinician_asks_for_it(room: Room) -> None:
    clinician, patient, case, _ = await clinic(room)
    for actor in (patient, await make_clinician(room.db, clinician.organization_id)):
        with pytest.raises(CaseNotVisible):
            await request_analysis(room.db, room.audit, actor, case.id)
    assert await state(room, case) is AnalysisState.PENDING
    refused = [("case.analyzed", "refused")] * 2
    assert await room.events(clinician.organization_id) == refused
