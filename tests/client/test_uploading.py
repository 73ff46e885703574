"""Files go out piece by piece, with what is known of their progress, under the names they have."""

import asyncio
import base64
import io
import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from casekeep.client import (
    AsyncClinicianClient,
    AsyncPatientClient,
    ClinicianClient,
    FileToSend,
    NotSignedIn,
    Refused,
    Tokens,
)
from casekeep.client.sources import PIECE
from casekeep.http.house import House
from tests.acceptance.running import Server
from tests.client.conftest import pdf, pdf_at
from tests.support.clinician import JPEG
from tests.support.house import SignedIn, signed_in_clinician, signed_in_patient

BASE = "https://casekeep.test"
PATIENT = {"patient_name": "Pat Example", "patient_age": 44, "patient_gender": "female"}
LARGE = 30 << 20
MOST_HELD = 6 << 20


async def test_a_case_with_files_of_every_kind(
    doctor: AsyncClinicianClient, tmp_path: Path
) -> None:
    opened = io.BytesIO(b"left out" + pdf(5000, seed=2))
    opened.seek(len(b"left out"))
    told: list[tuple[int, int]] = []

    made = await doctor.create_case(
        **PATIENT,
        case_summary="Zwei Zeilen\nmit Umlauten: äöü",
        lab_files=[pdf_at(tmp_path / "blood count.pdf", 900), FileToSend(opened, "two.pdf")],
        radiology_files=[FileToSend(JPEG, 'a "quoted" ü.jpg')],
        progress=lambda *each: told.append(each),
    )

    names = [each.file_name for each in made.uploaded_files]
    assert names == ["blood count.pdf", "two.pdf", 'a "quoted" ü.jpg']
    assert [each.file_size for each in made.uploaded_files] == [900, 5000, len(JPEG)]
    assert made.case.case_summary == "Zwei Zeilen\nmit Umlauten: äöü"
    assert made.case.created_at.tzinfo is not None
    assert told[-1][0] == told[-1][1] > 5900
    assert not opened.closed
    assert await doctor.files(made.case) == await doctor.files(made.case.case_id)


async def test_a_refused_file_is_named(doctor: AsyncClinicianClient) -> None:
    with pytest.raises(Refused, match=r"empty\.pdf") as refused:
        await doctor.create_case(**PATIENT, lab_files=[FileToSend(b"", "empty.pdf")])

    assert refused.value.status == 400
    assert refused.value.request_id


async def test_an_upload_is_sent_again_whole_when_its_token_had_ended(
    server: Server, doctor: AsyncClinicianClient, tmp_path: Path
) -> None:
    made = await doctor.create_case(**PATIENT)
    renewed = await doctor.refresh()
    stored: list[Tokens] = []
    spoiled = Tokens("ended", renewed.refresh_token)
    content = pdf(3 * PIECE, seed=3)
    async with AsyncClinicianClient(server.url, tokens=spoiled, on_tokens=stored.append) as client:
        file = await client.upload(made.case, io.BytesIO(content), name="again.pdf")
        got = await client.download(file, tmp_path)

    assert got.read_bytes() == content
    assert len(stored) == 1


async def test_a_large_file_is_never_held(doctor: AsyncClinicianClient, tmp_path: Path) -> None:
    source = pdf_at(tmp_path / "large.pdf", LARGE)
    made = await doctor.create_case(**PATIENT)
    tracemalloc.start()
    try:
        file = await doctor.upload(made.case, source, category="radiology")
        await doctor.download(file, tmp_path / "again.pdf")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert file.file_size == LARGE
    assert most < MOST_HELD


async def test_the_blocking_client_holds_no_more(
    server: Server, doctor: AsyncClinicianClient, tmp_path: Path
) -> None:
    source = pdf_at(tmp_path / "large.pdf", LARGE)
    made = await doctor.create_case(**PATIENT)

    def there_and_back() -> int:
        with ClinicianClient(server.url, tokens=doctor.tokens) as client:
            file = client.upload(made.case, source, category="radiology")
            client.download(file, tmp_path / "again.pdf")
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        most = await asyncio.to_thread(there_and_back)
    finally:
        tracemalloc.stop()

    assert (tmp_path / "again.pdf").stat().st_size == LARGE
    assert most < MOST_HELD


@pytest.fixture
async def patient(house: House, http: httpx.AsyncClient) -> AsyncIterator[AsyncPatientClient]:
    caller = await signed_in_patient(house)
    async with patient_client(caller, http) as client:
        yield client


def patient_client(caller: SignedIn, http: httpx.AsyncClient) -> AsyncPatientClient:
    assert caller.key is not None
    tokens = Tokens(caller.tokens.access_token, caller.tokens.refresh_token)
    return AsyncPatientClient(BASE, caller.key, tokens=tokens, http=http)


@pytest.mark.parametrize("more", [0, 1, 2, 3])
async def test_a_patients_file_comes_as_it_went(
    house: House, http: httpx.AsyncClient, tmp_path: Path, more: int
) -> None:
    caller = await signed_in_patient(house)
    case, content = await caller.case(), pdf(2 * PIECE + more, seed=more)
    told: list[tuple[int, int]] = []
    async with patient_client(caller, http) as client:
        sent = await client.upload(
            content, name="wörter.pdf", case_id=case.id, progress=lambda *each: told.append(each)
        )
        (listed,) = [file async for file in client.files()]
        got = await client.download(listed, tmp_path)

    assert (sent.id, listed.case_id) == (listed.id, case.id)
    assert got.name == "wörter.pdf"
    assert got.read_bytes() == content
    assert told[-1][0] == told[-1][1] > len(base64.b64encode(content))


async def test_a_file_that_shrinks_on_the_way_is_not_kept(
    doctor: AsyncClinicianClient, tmp_path: Path
) -> None:
    source = pdf_at(tmp_path / "shrinking.pdf", 3 * PIECE)
    made = await doctor.create_case(**PATIENT)

    with pytest.raises(OSError, match="shorter"):
        await doctor.upload(made.case, source, progress=lambda *_: os.truncate(source, 0))

    assert not await doctor.files(made.case)


async def test_a_file_that_changes_on_the_way_is_refused(
    doctor: AsyncClinicianClient, tmp_path: Path
) -> None:
    source = pdf_at(tmp_path / "changing.pdf", 3 * PIECE)
    made = await doctor.create_case(**PATIENT)

    with pytest.raises(Refused, match="Content-Digest"):
        await doctor.upload(
            made.case, source, progress=lambda *_: put(source, pdf(3 * PIECE, seed=2))
        )

    assert not await doctor.files(made.case)


async def test_every_body_with_files_goes_with_its_digest(
    house: House, http: httpx.AsyncClient
) -> None:
    sent: list[tuple[str, bool]] = []

    async def note(request: httpx.Request) -> None:
        sent.append((request.url.path, "content-digest" in request.headers))

    http.event_hooks = {"request": [note]}
    caller = await signed_in_clinician(house)
    tokens = Tokens(caller.tokens.access_token, caller.tokens.refresh_token)
    async with AsyncClinicianClient(BASE, tokens=tokens, http=http) as client:
        made = await client.create_case(**PATIENT, lab_files=[FileToSend(JPEG, "a.jpg")])
        await client.upload(made.case, pdf(300), name="b.pdf")
    patient = await signed_in_patient(house)
    async with patient_client(patient, http) as portal:
        await portal.upload(pdf(300), name="c.pdf")

    assert sent == [
        ("/cases/create_case", True),
        ("/cases/upload", True),
        ("/api/v1/users/me/files/upload", True),
    ]


async def test_a_password_does_not_go_with_its_digest(http: httpx.AsyncClient) -> None:
    fields: list[httpx.Headers] = []

    async def note(request: httpx.Request) -> None:
        fields.append(request.headers)

    http.event_hooks = {"request": [note]}
    async with AsyncClinicianClient(BASE, http=http) as client:
        with pytest.raises(NotSignedIn):
            await client.sign_in("nobody@example.org", "summer2026")

    assert [[name for name in each if "digest" in name] for each in fields] == [[]]


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def test_bytes_need_a_name(doctor: AsyncClinicianClient) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        await doctor.upload(1, b"%PDF-1.7")


async def test_nobody_uploads_without_a_sign_in() -> None:
    async with AsyncClinicianClient(BASE) as client:
        with pytest.raises(NotSignedIn):
            await client.upload(1, pdf(100), name="a.pdf")
