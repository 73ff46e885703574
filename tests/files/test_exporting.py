"""A case as a ZIP, made of real parts: what is in it, who may have it, and what becomes of it when
a file is not what it should be.
"""

import asyncio
import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from casekeep.blobs.store import BlobKey
from casekeep.cases.model import Case, CaseFacts
from casekeep.files.exporting import Export, ExportBroken, export_case
from casekeep.files.model import Category, StoredFile
from casekeep.files.removal import remove_file
from casekeep.identity.model import Actor, Clinician, Operator, Patient
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import CaseId, CaseRef, FileId
from tests.files.room import Room, body, pdf
from tests.support.factories import (
    make_administrator,
    make_case,
    make_clinician,
    make_organization,
    make_patient,
)

NAMES = ["report.pdf", "report.pdf", "Report.PDF", "検査.pdf", "con.pdf", ".hidden.pdf", "a:b?.pdf"]


def described(case: Case, files: tuple[StoredFile, ...]) -> bytes:
    return json.dumps({"number": case.number, "files": len(files)}).encode()


async def exported(room: Room, actor: Actor, ref: CaseRef) -> Export:
    return await export_case(room.db, room.audit, room.blobs, actor, ref, describe=described)


async def sent(export: Export) -> bytes:
    return b"".join([piece async for piece in export.read()])


async def add(
    room: Room,
    actor: Actor,
    case: CaseFacts,
    name: str,
    content: bytes,
    *,
    restricted: bool = False,
) -> FileId:
    async with room.receiving.batch(actor) as batch:
        await batch.receive(name, body(content))
        (file,) = await batch.keep_in_case(
            case.id, category=Category.LAB, is_phi=True, is_restricted=restricted
        )
    return file.id


@pytest.fixture
async def owner(room: Room) -> Clinician:
    return await make_clinician(room.db, await make_organization(room.db))


@pytest.fixture
async def patient(room: Room, owner: Clinician) -> Patient:
    return await make_patient(room.db, owner.organization_id)


@pytest.fixture
async def case(room: Room, owner: Clinician, patient: Patient) -> CaseFacts:
    made = await make_case(
        room.db,
        owner.organization_id,
        clinician_id=owner.user_id,
        patient_id=patient.user_id,
    )
    for number, name in enumerate(NAMES):
        await add(room, owner, made, name, pdf(f"Report {number}"))
    return made


async def test_it_holds_the_originals_and_all_there_is_to_know(
    room: Room, owner: Clinician, case: CaseFacts
) -> None:
    export = await exported(room, owner, case.number)
    made = await sent(export)
    assert (export.size, export.files, export.case.id) == (len(made), len(NAMES), case.id)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert json.loads(archive.read("case.json")) == {"number": 10001, "files": len(NAMES)}
        assert manifest["format"] == "casekeep-export"
        assert manifest["exported_by"] == {"kind": "clinician", "id": str(owner.user_id)}
        assert manifest["case"] == {"id": str(case.id), "number": case.number}
        assert [file["name"] for file in manifest["files"]] == NAMES
        assert [file["path"] for file in manifest["files"]] == [
            "files/report.pdf",
            "files/report (2).pdf",
            "files/Report (3).PDF",
            "files/検査.pdf",
            "files/_con.pdf",
            "files/_.hidden.pdf",
            "files/a_b_.pdf",
        ]
        for number, file in enumerate(manifest["files"]):
            content = archive.read(file["path"])
            assert content == pdf(f"Report {number}")
            assert file["sha256"] == hashlib.sha256(content).hexdigest()
            assert (file["size"], file["type"]) == (len(content), "application/pdf")
            assert (file["category"], file["is_phi"], file["is_restricted"]) == ("lab", True, False)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
async def test_sha256sum_checks_it(
    room: Room, owner: Clinician, case: CaseFacts, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(await sent(await exported(room, owner, case.id)))) as archive:
        archive.extractall(tmp_path)
    words = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    told = await asyncio.to_thread(
        subprocess.run, words, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.count(": OK") == len(NAMES) + 2


async def test_it_is_recorded_file_by_file_before_the_first_byte(
    room: Room, owner: Clinician, case: CaseFacts
) -> None:
    await exported(room, owner, case.id)
    events = (await room.events(owner.organization_id))[len(NAMES) :]
    assert events == [("case.exported", "done"), *[("file.opened", "done")] * len(NAMES)]


async def test_nobody_else_gets_it_and_every_try_is_recorded(
    room: Room, owner: Clinician, case: CaseFacts
) -> None:
    organization_id = owner.organization_id
    elsewhere = await make_clinician(room.db, await make_organization(room.db))
    strangers: list[Actor] = [
        await make_clinician(room.db, organization_id),
        await make_patient(room.db, organization_id),
        await make_administrator(room.db, organization_id),
    ]
    for stranger in strangers:
        for ref in (case.id, case.number, CaseId(uuid4())):
            with pytest.raises(CaseNotVisible):
                await exported(room, stranger, ref)
    with pytest.raises(CaseNotVisible):
        await exported(room, elsewhere, case.id)
    refused = ("case.exported", "refused")
    assert (await room.events(organization_id))[len(NAMES) :] == [refused] * 9
    assert await room.events(elsewhere.organization_id) == [refused]


async def test_only_files_that_may_be_read_are_in_it(
    room: Room, owner: Clinician, patient: Patient, case: CaseFacts
) -> None:
    await add(room, owner, case, "hidden.pdf", pdf("restricted"), restricted=True)
    removed = await add(room, owner, case, "removed.pdf", pdf("removed"))
    await remove_file(room.db, room.audit, owner, removed)
    await hide_restricted(room, owner)
    assert await names_in(room, owner, case) == [*NAMES, "hidden.pdf"]
    assert await names_in(room, Operator(owner.organization_id), case) == [*NAMES, "hidden.pdf"]
    assert await names_in(room, patient, case) == NAMES


async def names_in(room: Room, actor: Actor, case: CaseFacts) -> list[str]:
    made = await sent(await exported(room, actor, case.id))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        return [file["name"] for file in json.loads(archive.read("manifest.json"))["files"]]


async def hide_restricted(room: Room, owner: Clinician) -> None:
    async with room.db.transaction(owner.organization_id) as tx:
        await tx.execute(
            "update organizations set hides_restricted_files = true where id = $1",
            owner.organization_id,
        )


@pytest.mark.parametrize("harm", ["missing", "altered", "truncated"])
async def test_a_harmed_file_leaves_no_whole_zip(
    room: Room, owner: Clinician, case: CaseFacts, harm: str
) -> None:
    file_id = await add(room, owner, case, "last.pdf", pdf("last", size=3000))
    key = BlobKey(owner.organization_id, file_id)
    path = room.blobs._path(key)
    content = bytearray(path.read_bytes())
    content[2500] ^= 1
    if harm == "missing":
        await room.blobs.delete(key)
    else:
        path.write_bytes(content if harm == "altered" else content[:1000])
    export = await exported(room, owner, case.id)
    came = bytearray()

    async def bring() -> None:
        async for piece in export.read():
            came.extend(piece)

    with pytest.raises(ExportBroken, match=str(file_id)):
        await bring()
    assert len(came) < export.size
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(bytes(came)))


async def test_an_empty_case_is_exported_too(room: Room, owner: Clinician) -> None:
    bare = await make_case(room.db, owner.organization_id, clinician_id=owner.user_id)
    with zipfile.ZipFile(io.BytesIO(await sent(await exported(room, owner, bare.id)))) as archive:
        assert archive.namelist() == ["manifest.json", "case.json", "SHA256SUMS"]
