import pytest

from casekeep.kernel.errors import CertificateNotKnown, RoleNotAllowed
from casekeep.retention.certifying import find_certificate, list_certificates
from tests.files.room import Room
from tests.retention.ending import Ending, ending


@pytest.fixture
async def clinic(room: Room) -> Ending:
    return await ending(room)


async def test_what_was_destroyed_is_listed_page_by_page(clinic: Ending) -> None:
    db, audit, operator = clinic.room.db, clinic.room.audit, clinic.operator
    made = [await clinic.add() for _ in range(3)]
    await clinic.add()
    await clinic.remove(*made)
    assert (await list_certificates(db, audit, operator)).destructions == ()
    clinic.days = 31
    await clinic.purge()

    first = await list_certificates(db, audit, operator, most=2)
    last = await list_certificates(db, audit, operator, most=2, after=first.after)

    listed = [each.file_id for each in (*first.destructions, *last.destructions)]
    assert listed == [each.id for each in made][::-1]
    assert (first.after, last.after) == (made[1].id, None)
    assert {each.case_id for each in first.destructions} == {clinic.case.id}


async def test_another_organisation_has_none_of_it(clinic: Ending, room: Room) -> None:
    removed, other = await clinic.add(), await ending(room)
    await clinic.remove(removed)
    clinic.days = 31
    await clinic.purge()

    assert (await list_certificates(room.db, room.audit, other.administrator)).destructions == ()
    with pytest.raises(CertificateNotKnown):
        await find_certificate(room.db, room.audit, other.administrator, removed.id)


async def test_only_administrators_and_operators_see_it(clinic: Ending) -> None:
    db, audit = clinic.room.db, clinic.room.audit
    for actor in (clinic.clinician, clinic.patient):
        with pytest.raises(RoleNotAllowed):
            await list_certificates(db, audit, actor)
    assert (await clinic.events())[-2:] == [("certificates.listed", "refused")] * 2
    page = await list_certificates(db, audit, clinic.administrator)
    assert page.destructions == ()
