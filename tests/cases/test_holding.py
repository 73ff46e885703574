import asyncio

import pytest

from casekeep.cases.holding import HoldPage, hold_case, hold_file, lift_hold, list_holds
from casekeep.cases.removal import remove_case
from casekeep.files.arranging import change_file
from casekeep.files.model import FileChange
from casekeep.files.removal import remove_file
from casekeep.identity.model import Actor
from casekeep.kernel.errors import (
    CaseNotVisible,
    FileNotVisible,
    HeldFromDeletion,
    HoldNotKnown,
    InputNotValid,
    RoleNotAllowed,
)
from casekeep.kernel.ids import CaseId, CaseNumber, FileId, HoldId, new_id
from casekeep.retention.commanding import purge_case, purge_file
from casekeep.retention.model import Due, Reason
from tests.files.room import Room
from tests.retention.ending import Ending, ending
from tests.support.factories import make_clinician


@pytest.fixture
async def clinic(room: Room) -> Ending:
    return await ending(room)


async def holds(clinic: Ending, actor: Actor | None = None, **of: object) -> HoldPage:
    db, audit = clinic.room.db, clinic.room.audit
    return await list_holds(db, audit, actor or clinic.administrator, **of)  # type: ignore[arg-type]


async def test_a_hold_on_a_file_beats_every_deletion(clinic: Ending) -> None:
    file = await clinic.add()
    hold = await clinic.hold(file)
    for refused in (clinic.remove(file), clinic.remove_case()):
        with pytest.raises(HeldFromDeletion, match=r"by Test Admin on \S+: litigation 2026/17"):
            await refused
    await clinic.lift(hold.id)
    await clinic.remove(file)
    clinic.days = 31
    again = await clinic.hold(file)
    assert (await clinic.purge()).due == Due()
    with pytest.raises(HeldFromDeletion):
        await purge_file(clinic.parts(), clinic.operator, file.id)
    await clinic.lift(again.id)
    assert (await clinic.purge()).finished == 1


async def test_a_hold_on_a_case_holds_every_file_of_it(clinic: Ending) -> None:
    before, removed = await clinic.add(), await clinic.add()
    await clinic.remove(removed)
    hold = await clinic.hold(clinic.case)
    after = await clinic.add()
    for refused in (clinic.remove_case(), clinic.remove(before), clinic.remove(after)):
        with pytest.raises(HeldFromDeletion, match="litigation"):
            await refused
    clinic.days = 31
    assert (await clinic.purge()).due == Due()
    assert await clinic.has_bytes(removed)
    await clinic.lift(hold.id)
    await clinic.remove_case()
    clinic.days = 62
    assert (await clinic.purge()).due.cases == 1


async def test_a_case_waits_for_its_held_file_as_a_whole(clinic: Ending) -> None:
    held, free = await clinic.add(), await clinic.add()
    await clinic.remove_case()
    hold = await clinic.hold(held)
    clinic.days = 31
    assert (await clinic.purge()).due == Due()
    with pytest.raises(HeldFromDeletion):
        await purge_case(clinic.parts(), clinic.operator, clinic.case.number)
    assert await clinic.has_bytes(free)
    await clinic.lift(hold.id)
    done = await purge_case(clinic.parts(), clinic.operator, clinic.case.number)
    assert done.due == Due(0, 1, 2, held.size + free.size)
    assert (await clinic.destruction(held))["reason"] == Reason.COMMAND


async def test_nothing_leaves_a_held_case(clinic: Ending) -> None:
    """Or it would be moved out, and deleted there."""
    file = await clinic.add()
    await clinic.hold(clinic.case)
    change = FileChange(case=clinic.other_case.number)
    with pytest.raises(HeldFromDeletion, match="The case of this file"):
        await change_file(clinic.room.db, clinic.room.audit, clinic.clinician, file.id, change)
    renamed = FileChange(name="other.pdf", case=clinic.case.number)
    await change_file(clinic.room.db, clinic.room.audit, clinic.clinician, file.id, renamed)


async def test_a_held_file_may_move_and_is_held_there(clinic: Ending) -> None:
    file = await clinic.add()
    await clinic.hold(file)
    change = FileChange(case=clinic.other_case.number)
    await change_file(clinic.room.db, clinic.room.audit, clinic.clinician, file.id, change)
    with pytest.raises(HeldFromDeletion, match="This file"):
        await clinic.remove(file)


async def test_who_may_not_delete_is_told_of_no_hold(clinic: Ending) -> None:
    file = await clinic.add()
    await clinic.hold(clinic.case)
    stranger = await make_clinician(clinic.room.db, clinic.organization_id)
    for actor in (stranger, clinic.administrator, clinic.patient):
        with pytest.raises(FileNotVisible):
            await remove_file(clinic.room.db, clinic.room.audit, actor, file.id)
        with pytest.raises(CaseNotVisible):
            await remove_case(clinic.room.db, clinic.room.audit, actor, clinic.case.id)


async def test_a_refused_deletion_is_recorded(clinic: Ending) -> None:
    file = await clinic.add()
    await clinic.hold(file)
    with pytest.raises(HeldFromDeletion):
        await clinic.remove(file)
    assert (await clinic.events())[-2:] == [("hold.placed", "done"), ("file.removed", "refused")]


async def test_only_administrators_and_operators_place_lift_and_list(clinic: Ending) -> None:
    file, db, audit = await clinic.add(), clinic.room.db, clinic.room.audit
    hold = await clinic.hold(file)
    for actor in (clinic.clinician, clinic.patient):
        for refused in (
            hold_file(db, audit, actor, file.id, "a reason"),
            hold_case(db, audit, actor, clinic.case.id, "a reason"),
            lift_hold(db, audit, actor, hold.id),
            holds(clinic, actor),
        ):
            with pytest.raises(RoleNotAllowed):
                await refused
    assert [event for event in await clinic.events() if event[1] == "refused"] == [
        ("hold.placed", "refused"),
        ("hold.placed", "refused"),
        ("hold.lifted", "refused"),
        ("holds.listed", "refused"),
    ] * 2


async def test_what_is_not_there_is_not_held(clinic: Ending) -> None:
    elsewhere = await ending(clinic.room)
    foreign, purged = await elsewhere.add(), await clinic.add()
    await clinic.remove(purged)
    await purge_file(clinic.parts(), clinic.operator, purged.id)
    db, audit, actor = clinic.room.db, clinic.room.audit, clinic.administrator
    for file_id in (foreign.id, purged.id, FileId(new_id())):
        with pytest.raises(FileNotVisible):
            await hold_file(db, audit, actor, file_id, "a reason")
    for ref in (elsewhere.case.id, CaseId(new_id()), CaseNumber(1)):
        with pytest.raises(CaseNotVisible):
            await hold_case(db, audit, actor, ref, "a reason")
    theirs = await elsewhere.hold(foreign)
    for hold_id in (theirs.id, HoldId(new_id())):
        with pytest.raises(HoldNotKnown):
            await clinic.lift(hold_id)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\u202eb", "a\x00b"])
async def test_a_reason_is_a_line_that_can_be_read(clinic: Ending, reason: str) -> None:
    with pytest.raises(InputNotValid, match="reason"):
        await clinic.hold(clinic.case, reason)
    assert (await holds(clinic)).holds == ()


async def test_holds_are_listed_page_by_page_and_lifted_once(clinic: Ending) -> None:
    placed = [await clinic.hold(clinic.case, f"reason {number}") for number in range(5)]
    lifted = await clinic.lift(placed[0].id)
    assert lifted.lifted_by == clinic.administrator.user_id
    assert await clinic.lift(placed[0].id) == lifted
    first = await holds(clinic, most=3)
    assert [each.reason for each in first.holds] == ["reason 4", "reason 3", "reason 2"]
    last = await holds(clinic, most=3, after=first.next_after)
    assert ([each.reason for each in last.holds], last.next_after) == (["reason 1"], None)
    assert len((await holds(clinic, lifted=True)).holds) == 5
    assert [event for event, _ in await clinic.events()].count("hold.lifted") == 1


@pytest.mark.parametrize("round_", range(4))
@pytest.mark.parametrize("on", ["case", "file"])
async def test_a_hold_and_a_deletion_at_once_have_one_winner(
    clinic: Ending, on: str, round_: int
) -> None:
    """Either the hold stands and nothing is gone, or it came too late and all of it is."""
    files = [await clinic.add() for _ in range(3)]
    await clinic.remove_case()
    clinic.days = 31

    async def hold() -> bool:
        await asyncio.sleep(0.002 * round_)
        try:
            await clinic.hold(clinic.case if on == "case" else files[round_ % 3])
        except (CaseNotVisible, FileNotVisible):
            return False
        return True

    held, done = await asyncio.gather(hold(), clinic.purge())
    there = [await clinic.has_bytes(each) for each in files]
    assert there == [held] * 3
    assert done.due.files == (0 if held else 3)


async def test_of_a_hold_and_a_removal_at_once_one_waits_for_the_other(clinic: Ending) -> None:
    for _ in range(5):
        file = await clinic.add()
        held, removed = await asyncio.gather(
            clinic.hold(file), clinic.remove(file), return_exceptions=True
        )
        assert not isinstance(held, BaseException)
        refused = isinstance(removed, HeldFromDeletion)
        assert removed is None or refused
        assert ((await clinic.row(file))["deleted_at"] is None) == refused
        await clinic.lift(held.id)
