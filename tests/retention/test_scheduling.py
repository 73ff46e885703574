import pytest

from casekeep.files.model import Category
from casekeep.identity.model import Actor
from casekeep.kernel.errors import InputNotValid, NothingToUpdate, RoleNotAllowed
from casekeep.retention.model import Schedule, Terms
from casekeep.retention.scheduling import NO_LIMIT, TermsChange, set_terms, show_terms
from tests.files.room import Room
from tests.retention.ending import Ending, ending

LAB, RADIOLOGY = Category.LAB, Category.RADIOLOGY


@pytest.fixture
async def clinic(room: Room) -> Ending:
    return await ending(room)


async def say(clinic: Ending, change: TermsChange, actor: Actor | None = None) -> Terms:
    db, audit = clinic.room.db, clinic.room.audit
    return await set_terms(db, audit, actor or clinic.operator, change)


async def test_what_is_not_said_stays_and_a_limit_can_be_taken_away(clinic: Ending) -> None:
    nothing = Terms(None, (Schedule(LAB), Schedule(RADIOLOGY)))
    assert await show_terms(clinic.room.db, clinic.room.audit, clinic.operator) == nothing
    await say(clinic, TermsChange(category=LAB, keep_at_least_days=3650))
    both = await say(clinic, TermsChange(trash_days=60, category=LAB, remove_after_days=7300))
    assert both == Terms(60, (Schedule(LAB, 3650, 7300), Schedule(RADIOLOGY)))
    await say(clinic, TermsChange(category=LAB, keep_at_least_days=NO_LIMIT))
    left = await say(clinic, TermsChange(trash_days=NO_LIMIT))
    assert left == Terms(None, (Schedule(LAB, None, 7300), Schedule(RADIOLOGY)))
    assert await clinic.events() == [("retention.changed", "done")] * 4


@pytest.mark.parametrize(
    "change",
    [
        TermsChange(category=LAB),
        TermsChange(),
        TermsChange(keep_at_least_days=3),
        TermsChange(trash_days=3, category=LAB),
        TermsChange(trash_days=36_501),
        TermsChange(trash_days=-1),
        TermsChange(category=LAB, remove_after_days=10**9),
    ],
)
async def test_what_makes_no_sense_is_refused(clinic: Ending, change: TermsChange) -> None:
    with pytest.raises((InputNotValid, NothingToUpdate)):
        await say(clinic, change)
    assert await clinic.events() == []


async def test_clinicians_and_patients_set_nothing(clinic: Ending) -> None:
    for actor in (clinic.clinician, clinic.patient):
        with pytest.raises(RoleNotAllowed):
            await say(clinic, TermsChange(trash_days=1), actor)
        with pytest.raises(RoleNotAllowed):
            await show_terms(clinic.room.db, clinic.room.audit, actor)
    assert await clinic.events() == [("retention.changed", "refused")] * 4
