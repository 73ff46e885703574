from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from casekeep.blobs.store import BlobKey
from casekeep.cases.model import NewCase
from casekeep.files.content import PORTAL_TYPES
from casekeep.files.listing import list_case_files
from casekeep.files.model import Category, StoredFile
from casekeep.files.removal import remove_file
from casekeep.identity.model import Actor, Clinician, Patient
from casekeep.kernel.errors import (
    CaseNotVisible,
    DomainError,
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    RoleNotAllowed,
    UploadBroken,
)
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, UserId, new_id
from tests.files.room import KIB, LIMITS, Room, body, image, pdf
from tests.support.factories import (
    make_administrator,
    make_case,
    make_clinician,
    make_organization,
    make_patient,
)

NEW = NewCase("Pat Example", 44, "female")


async def clinician_of(room: Room) -> Clinician:
    return await make_clinician(room.db, await make_organization(room.db))


async def add(room: Room, actor: Actor, case: CaseRef, name: str = "report.pdf") -> StoredFile:
    async with room.receiving.batch(actor) as batch:
        await batch.receive(name, body(pdf()), Category.LAB)
        (file,) = await batch.keep_in_case(
            case, category=Category.LAB, is_phi=True, is_restricted=False
        )
    return file


async def test_a_file_is_kept_as_it_was_sent(room: Room) -> None:
    clinician = await clinician_of(room)
    patient = await make_patient(room.db, clinician.organization_id)
    case = await make_case(
        room.db,
        clinician.organization_id,
        clinician_id=clinician.user_id,
        patient_id=patient.user_id,
    )
    content = pdf(size=90 * KIB)
    pieces = [content[at : at + 1000] for at in range(0, len(content), 1000)]
    async with room.receiving.batch(clinician) as batch:
        await batch.receive("../Lab report.pdf", body(*pieces))
        (file,) = await batch.keep_in_case(
            case.number, category=Category.RADIOLOGY, is_phi=False, is_restricted=True
        )
    assert (file.name, file.url_path) == ("Lab report.pdf", f"/files/{case.number}/Lab report.pdf")
    assert (file.media_type, file.size) == ("application/pdf", len(content))
    assert file.sha256 == sha256(content).digest()
    assert (file.case_id, file.case_number) == (case.id, case.number)
    assert (file.category, file.is_phi, file.is_restricted) == (Category.RADIOLOGY, False, True)
    assert file.patient_id == patient.user_id
    assert file.uploaded_by is not None
    assert file.uploaded_by.id == clinician.user_id
    key = BlobKey(clinician.organization_id, file.id)
    assert await room.content(key) == content
    assert await list_case_files(room.db, room.audit, clinician, case.id) == (file,)
    assert await room.events(clinician.organization_id) == [("file.received", "done")]


async def test_a_new_case_keeps_its_files_in_the_order_they_were_sent(room: Room) -> None:
    clinician = await clinician_of(room)
    sent = [
        ("z.pdf", pdf(), Category.LAB),
        ("a.pdf", pdf(), Category.LAB),
        ("scan.jpg", image("JPEG"), Category.RADIOLOGY),
        ("a.pdf", pdf("another"), Category.LAB),
        ("a.pdf", pdf("third"), Category.RADIOLOGY),
    ]
    async with room.receiving.batch(clinician) as batch:
        for name, content, category in sent:
            await batch.receive(name, body(content), category)
        case, files = await batch.keep_in_new_case(NEW)
    assert [file.name for file in files] == [name for name, _, _ in sent]
    assert [file.url_path for file in files] == [
        f"lab_files/{case.id}/z.pdf",
        f"lab_files/{case.id}/a.pdf",
        f"radiology_files/{case.id}/scan.jpg",
        f"lab_files/{case.id}/a (2).pdf",
        f"radiology_files/{case.id}/a.pdf",
    ]
    assert {file.created_at for file in files} == {case.created_at}
    assert all(file.is_phi and not file.is_restricted for file in files)
    assert await list_case_files(room.db, room.audit, clinician, case.number) == files
    expected = [("case.opened", "done")] + [("file.received", "done")] * len(sent)
    assert sorted(await room.events(clinician.organization_id)) == expected


async def test_a_new_case_may_come_without_files(room: Room) -> None:
    clinician = await clinician_of(room)
    async with room.receiving.batch(clinician) as batch:
        case, files = await batch.keep_in_new_case(NEW)
    assert files == ()
    assert await list_case_files(room.db, room.audit, clinician, case.id) == ()


async def broken() -> AsyncIterator[bytes]:
    yield pdf()
    raise UploadBroken


@pytest.mark.parametrize(
    ("name", "content", "refusal", "why"),
    [
        ("empty.pdf", body, FileEmpty, "empty.pdf: the file is empty"),
        ("empty.pdf", lambda: body(b"", b""), FileEmpty, "empty.pdf: the file is empty"),
        (
            "big.pdf",
            lambda: body(pdf(size=LIMITS.lab + 1)),
            FileTooLarge,
            f"big.pdf: the file is larger than {LIMITS.lab} bytes",
        ),
        (
            "a/virus.pdf",
            lambda: body(b"MZ" + bytes(100)),
            FileTypeRefused,
            "virus.pdf: the content is not of an accepted type",
        ),
        (
            "drawing.svg",
            lambda: body(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            FileTypeRefused,
            "drawing.svg: files of type image/svg+xml are not accepted",
        ),
        ("cut.pdf", broken, UploadBroken, UploadBroken.summary),
    ],
)
async def test_one_refused_file_leaves_nothing_of_a_new_case(
    room: Room, name: str, content: object, refusal: type[DomainError], why: str
) -> None:
    clinician = await clinician_of(room)
    assert callable(content)

    async def open_case() -> None:
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("fine.pdf", body(pdf()), Category.LAB)
            await batch.receive(name, content(), Category.LAB)
            await batch.keep_in_new_case(NEW)

    with pytest.raises(refusal) as refused:
        await open_case()
    assert str(refused.value) == why
    assert await room.is_empty(clinician.organization_id)
    async with room.db.transaction(clinician.organization_id) as tx:
        assert not await tx.fetch(
            "select from cases where organization_id = $1", tx.organization_id
        )
    assert await room.events(clinician.organization_id) == []


async def test_no_more_than_the_limit_is_ever_taken_in(room: Room) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield pdf()
        while True:
            taken += 10 * KIB
            yield bytes(10 * KIB)

    clinician = await clinician_of(room)
    for category, limit in ((Category.LAB, LIMITS.lab), (None, LIMITS.radiology)):
        taken = 0
        with pytest.raises(FileTooLarge):
            async with room.receiving.batch(clinician) as batch:
                await batch.receive("endless.pdf", endless(), category)
        assert taken <= limit + 10 * KIB
    assert await room.is_empty(clinician.organization_id)


async def test_a_wrong_type_is_refused_before_the_rest_is_taken_in(room: Room) -> None:
    taken = 0

    async def archive() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(30):
            taken += 10 * KIB
            yield b"PK\x03\x04" + bytes(10 * KIB - 4)

    clinician = await clinician_of(room)
    with pytest.raises(FileTypeRefused):
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("archive.pdf", archive())
    assert taken == 70 * KIB


async def test_the_limit_of_a_category_that_comes_late_counts(room: Room) -> None:
    clinician = await clinician_of(room)
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)
    for category, kept in ((Category.RADIOLOGY, True), (Category.LAB, False)):
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("large.pdf", body(pdf(size=LIMITS.lab + 1)))
            keeping = batch.keep_in_case(
                case.id, category=category, is_phi=True, is_restricted=False
            )
            if kept:
                assert len(await keeping) == 1
            else:
                with pytest.raises(FileTooLarge, match=r"^large\.pdf: "):
                    await keeping
    assert len(await room.rows(clinician.organization_id)) == 1
    assert len(await room.keys(clinician.organization_id)) == 1


async def test_what_is_received_and_not_kept_is_gone(room: Room) -> None:
    clinician = await clinician_of(room)
    async with room.receiving.batch(clinician) as batch:
        received = await batch.receive("report.pdf", body(pdf()))
        assert [row["state"] for row in await room.rows(clinician.organization_id)] == ["receiving"]
        assert {key.file_id for key in await room.keys(clinician.organization_id)} == {received.id}
    assert await room.is_empty(clinician.organization_id)


async def test_nobody_adds_to_a_case_they_do_not_see(room: Room) -> None:
    clinician = await clinician_of(room)
    organization_id = clinician.organization_id
    colleague = await make_clinician(room.db, organization_id)
    case = await make_case(room.db, organization_id, clinician_id=clinician.user_id)
    deleted = await make_case(room.db, organization_id, clinician_id=colleague.user_id)
    async with room.db.transaction(organization_id) as tx:
        await tx.execute(
            "update cases set deleted_at = now() where organization_id = $1 and id = $2",
            organization_id,
            deleted.id,
        )
    refs: list[CaseRef] = [case.id, case.number, deleted.id, CaseId(new_id()), CaseNumber(3)]
    for ref in refs:
        with pytest.raises(CaseNotVisible):
            await add(room, colleague, ref)
    assert await room.is_empty(organization_id)
    assert await room.events(organization_id) == [("file.received", "refused")] * len(refs)


async def test_a_case_deleted_while_its_file_arrives_takes_nothing(room: Room) -> None:
    clinician = await clinician_of(room)
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)

    async def upload() -> None:
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("report.pdf", body(pdf()))
            async with room.db.transaction(clinician.organization_id) as tx:
                await tx.execute(
                    "update cases set deleted_at = now() where organization_id = $1 and id = $2",
                    tx.organization_id,
                    case.id,
                )
            await batch.keep_in_case(
                case.id, category=Category.LAB, is_phi=True, is_restricted=False
            )

    with pytest.raises(CaseNotVisible):
        await upload()
    assert await room.is_empty(clinician.organization_id)


async def test_who_may_not_add_files_is_refused_before_a_byte_is_read(room: Room) -> None:
    organization_id = await make_organization(room.db)
    with pytest.raises(RoleNotAllowed):
        async with room.receiving.batch(await make_administrator(room.db, organization_id)):
            pytest.fail("the batch was opened")
    assert await room.events(organization_id) == [("file.received", "refused")]


async def test_a_patient_opens_no_case(room: Room) -> None:
    patient = await make_patient(room.db, await make_organization(room.db))

    async def open_case() -> None:
        async with room.receiving.batch(patient) as batch:
            await batch.receive("report.pdf", body(pdf()))
            await batch.keep_in_new_case(NEW)

    with pytest.raises(RoleNotAllowed):
        await open_case()
    assert await room.is_empty(patient.organization_id)
    assert await room.events(patient.organization_id) == [("case.opened", "refused")]


async def patient_with_case(room: Room) -> tuple[Patient, CaseId, CaseNumber]:
    patient = await make_patient(room.db, await make_organization(room.db))
    case = await make_case(room.db, patient.organization_id, patient_id=patient.user_id)
    return patient, case.id, case.number


async def patient_adds(
    room: Room, patient: Patient, case_id: CaseId | None, content: bytes, declared: str
) -> StoredFile:
    async with room.receiving.batch(patient, PORTAL_TYPES) as batch:
        await batch.receive("Mine", body(content), declared_type=declared)
        return await batch.keep_for_patient(case_id)


async def test_a_patient_adds_to_their_own_case(room: Room) -> None:
    patient, case_id, number = await patient_with_case(room)
    file = await patient_adds(room, patient, case_id, image("PNG"), "image/png")
    assert (file.case_id, file.url_path, file.is_phi) == (case_id, f"/files/{number}/Mine", False)
    assert file.uploaded_by is not None
    assert (file.patient_id, file.uploaded_by.id) == (patient.user_id, patient.user_id)
    other = await make_patient(room.db, patient.organization_id)
    with pytest.raises(CaseNotVisible):
        await patient_adds(room, other, case_id, image("PNG"), "image/png")
    assert len(await room.keys(patient.organization_id)) == 1


async def test_a_patients_general_document_belongs_to_no_case(room: Room) -> None:
    patient, _, _ = await patient_with_case(room)
    file = await patient_adds(room, patient, None, image("PNG"), "image/png")
    assert (file.case_id, file.case_number, file.patient_id) == (None, None, patient.user_id)
    assert (file.url_path, file.is_phi) == (f"documents/{file.id}", False)
    clinician = await make_clinician(room.db, patient.organization_id)

    async def keep_a_clinicians() -> None:
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("report.pdf", body(pdf()))
            await batch.keep_for_patient(None)

    with pytest.raises(RoleNotAllowed):
        await keep_a_clinicians()


@pytest.mark.parametrize(
    ("content", "declared", "fits"),
    [
        (image("PNG"), "image/png", True),
        (image("PNG"), "image/jpeg", False),
        (b"a,b\n1,2\n", "text/csv", True),
        (b"a,b\n1,2\n", "text/plain", True),
        (b"prose\n", "text/csv", False),
        (pdf(), "text/plain", False),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", True),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain", False),
    ],
)
async def test_content_is_what_the_patient_declared(
    room: Room, content: bytes, declared: str, fits: bool
) -> None:
    patient, case_id, _ = await patient_with_case(room)
    if fits:
        await patient_adds(room, patient, case_id, content, declared)
    else:
        with pytest.raises(FileTypeRefused, match="not what was declared"):
            await patient_adds(room, patient, case_id, content, declared)
        assert await room.is_empty(patient.organization_id)


async def test_a_path_is_never_given_twice(room: Room) -> None:
    clinician = await clinician_of(room)
    case = await make_case(room.db, clinician.organization_id, clinician_id=clinician.user_id)
    first = await add(room, clinician, case.id)
    await remove_file(room.db, room.audit, clinician, first.id)
    files = [await add(room, clinician, case.id) for _ in range(6)]
    assert [file.url_path for file in files] == [
        f"/files/{case.number}/report ({number}).pdf" for number in range(2, 8)
    ]
    assert {file.name for file in files} == {"report.pdf"}


async def test_a_user_who_is_gone_leaves_nothing(room: Room) -> None:
    nobody = Clinician(await make_organization(room.db), UserId(new_id()))
    with pytest.raises(Exception, match="uploaded_by"):
        async with room.receiving.batch(nobody) as batch:
            await batch.receive("report.pdf", body(pdf()))
    assert await room.is_empty(nobody.organization_id)
