import pytest

from casekeep.cases.removal import remove_case, restore_case
from casekeep.files.arranging import change_file
from casekeep.files.content import PORTAL_TYPES
from casekeep.files.documents import list_documents
from casekeep.files.finding import find_file
from casekeep.files.listing import list_patient_files
from casekeep.files.model import FileChange, StoredFile
from casekeep.files.opening import open_by_url_path
from casekeep.files.removal import remove_file
from casekeep.files.renaming import rename_file
from casekeep.identity.model import Actor, Clinician, Patient
from casekeep.kernel.errors import CaseNotVisible, FileNotVisible, InputNotValid
from casekeep.kernel.ids import CaseId, CaseRef, new_id
from tests.files.room import Room, body, pdf
from tests.files.test_arranging import clinic, listed
from tests.support.factories import make_administrator, make_case, make_clinician, make_patient


async def send(room: Room, patient: Patient, name: str = "letter.pdf") -> StoredFile:
    """A general document."""
    async with room.receiving.batch(patient, PORTAL_TYPES) as batch:
        await batch.receive(name, body(pdf()))
        return await batch.keep_for_patient(None)


async def documents(room: Room, actor: Actor, ref: CaseRef) -> tuple[StoredFile, ...]:
    return await list_documents(room.db, room.audit, actor, ref)


async def sees(room: Room, actor: Actor, file: StoredFile) -> bool:
    """Whether an actor finds and opens a document; both or neither."""
    outcomes: list[bool] = []
    for act in (
        find_file(room.db, room.audit, actor, file.id),
        open_by_url_path(room.db, room.audit, room.blobs, actor, file.url_path),
    ):
        try:
            await act
            outcomes.append(True)
        except FileNotVisible:
            outcomes.append(False)
    assert len(set(outcomes)) == 1
    return outcomes[0]


async def test_a_clinician_sees_what_their_patient_sent(room: Room) -> None:
    clinician, patient, case, other = await clinic(room)
    sent = [await send(room, patient) for _ in range(2)]
    assert await documents(room, clinician, case.id) == tuple(sent)
    assert await documents(room, clinician, case.number) == tuple(sent)
    assert await documents(room, clinician, other.id) == ()
    assert await sees(room, clinician, sent[0])
    assert await listed(room, clinician, case) == ()


async def test_nobody_else_does(room: Room) -> None:
    clinician, patient, case, _ = await clinic(room)
    file = await send(room, patient)
    organization_id = clinician.organization_id
    colleague = await make_clinician(room.db, organization_id)
    other = await make_patient(room.db, organization_id)
    await make_case(
        room.db, organization_id, clinician_id=colleague.user_id, patient_id=other.user_id
    )
    stranger, _, _, _ = await clinic(room)
    admin = await make_administrator(room.db, organization_id)
    for actor in (patient, other, colleague, stranger, admin):
        assert not await sees(room, actor, file)
        with pytest.raises(CaseNotVisible):
            await documents(room, actor, case.id)
    with pytest.raises(CaseNotVisible):
        await documents(room, clinician, CaseId(new_id()))
    assert (await list_patient_files(room.db, room.audit, patient)).files == ()


async def test_it_takes_a_live_case(room: Room) -> None:
    clinician, patient, case, _ = await clinic(room)
    file = await send(room, patient)
    await remove_case(room.db, room.audit, clinician, case.id)
    assert not await sees(room, clinician, file)
    with pytest.raises(CaseNotVisible):
        await documents(room, clinician, case.id)
    await restore_case(room.db, room.audit, clinician, case.id)
    assert await sees(room, clinician, file)


async def test_a_document_stays_as_its_patient_sent_it(room: Room) -> None:
    clinician, patient, _, _ = await clinic(room)
    file = await send(room, patient)
    with pytest.raises(FileNotVisible):
        await remove_file(room.db, room.audit, clinician, file.id)
    with pytest.raises(FileNotVisible):
        await rename_file(room.db, room.audit, clinician, file.id, "x.pdf")
    with pytest.raises(InputNotValid):
        await change_file(room.db, room.audit, clinician, file.id, FileChange(is_phi=True))


async def move(
    room: Room, clinician: Clinician, file: StoredFile, case: CaseRef, **of: object
) -> StoredFile:
    change = FileChange(case=case, **of)  # type: ignore[arg-type]
    return await change_file(room.db, room.audit, clinician, file.id, change)


async def test_a_document_becomes_a_file_of_a_case_of_its_patient(room: Room) -> None:
    clinician, patient, case, _ = await clinic(room)
    file = await send(room, patient)
    moved = await move(room, clinician, file, case.number, is_phi=True, name="Letter.pdf")
    assert (moved.case_id, moved.patient_id) == (case.id, patient.user_id)
    assert (moved.name, moved.is_phi, moved.url_path) == ("Letter.pdf", True, file.url_path)
    assert await documents(room, clinician, case.id) == ()
    assert await listed(room, clinician, case) == (moved,)
    assert (await list_patient_files(room.db, room.audit, patient)).files == (moved,)
    await remove_file(room.db, room.audit, clinician, moved.id)


async def test_a_document_goes_into_no_case_of_anybody_else(room: Room) -> None:
    clinician, patient, case, nobodys = await clinic(room)
    file = await send(room, patient)
    other = await make_patient(room.db, clinician.organization_id)
    others = await make_case(
        room.db,
        clinician.organization_id,
        clinician_id=clinician.user_id,
        patient_id=other.user_id,
    )
    for wrong in (nobodys.id, others.number):
        with pytest.raises(InputNotValid):
            await move(room, clinician, file, wrong)
    colleague = await make_clinician(room.db, clinician.organization_id)
    theirs = await make_case(
        room.db,
        clinician.organization_id,
        clinician_id=colleague.user_id,
        patient_id=patient.user_id,
    )
    with pytest.raises(CaseNotVisible):
        await move(room, clinician, file, theirs.id)
    assert await documents(room, clinician, case.id) == (file,)
