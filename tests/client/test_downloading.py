"""Downloads survive what connections do, and give a name only to bytes that are proven."""

import asyncio
import zipfile
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from casekeep.client import (
    AsyncClinicianClient,
    CaseFile,
    ClinicianClient,
    DigestMismatch,
    DownloadBroken,
    NotFound,
    Repeats,
    Tokens,
    Unreachable,
)
from tests.acceptance.running import Server
from tests.client.conftest import pdf
from tests.client.relay import Relay

MIB = 1 << 20
CONTENT = pdf(3 * MIB)
PATIENT = {"patient_name": "Pat Example", "patient_age": 44, "patient_gender": "female"}


@pytest.fixture
async def file(doctor: AsyncClinicianClient) -> CaseFile:
    made = await doctor.create_case(**PATIENT)
    return await doctor.upload(made.case, CONTENT, name="large scan.pdf")


def through(relay: Relay, tokens: Tokens) -> AsyncClinicianClient:
    return AsyncClinicianClient(relay.url, tokens=tokens, repeats=Repeats(first_wait=0.01))


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_a_file_comes_whole(
    doctor: AsyncClinicianClient, file: CaseFile, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []

    got = await doctor.download(file, tmp_path, progress=lambda *each: told.append(each))

    assert got == tmp_path / "large scan.pdf"
    assert got.read_bytes() == CONTENT
    assert names(tmp_path) == ["large scan.pdf"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


async def test_a_case_comes_as_one_zip(
    doctor: AsyncClinicianClient, file: CaseFile, tmp_path: Path
) -> None:
    (case,) = [each async for each in doctor.cases(search=str(file.case_id))]

    got = await doctor.export_case(case, tmp_path)

    assert got == tmp_path / f"case-{file.case_id}.zip"
    with zipfile.ZipFile(got) as archive:
        assert archive.read("files/large scan.pdf") == CONTENT
    with pytest.raises(NotFound, match="Case not found"):
        await doctor.export_case(999_999_999, tmp_path / "none.zip")


async def test_an_export_that_breaks_begins_anew(
    relay: Relay, tokens: Tokens, file: CaseFile, tmp_path: Path
) -> None:
    assert file.case_id is not None
    async with through(relay, tokens) as client:
        relay.cuts = [MIB]
        got = await client.export_case(file.case_id, tmp_path / "case.zip")
    with zipfile.ZipFile(got) as archive:
        assert archive.testzip() is None


async def test_an_altered_file_breaks_the_export_off(
    server: Server, tokens: Tokens, file: CaseFile, tmp_path: Path
) -> None:
    (blob,) = (server.data / "blobs").rglob(str(file.file_id))
    content = bytearray(blob.read_bytes())
    content[2 * MIB] ^= 1
    blob.write_bytes(content)
    assert file.case_id is not None
    came = 0
    bearer = {"authorization": f"Bearer {tokens.access_token}"}
    path = f"{server.url}/cases/{file.case_id}/export"
    async with httpx.AsyncClient(headers=bearer) as http, http.stream("GET", path) as answer:
        announced = int(answer.headers["content-length"])
        with pytest.raises(httpx.RemoteProtocolError):
            came = len(await answer.aread())
    assert came < announced
    async with AsyncClinicianClient(server.url, tokens=tokens, repeats=Repeats(most=0)) as client:
        with pytest.raises(Unreachable):
            await client.export_case(file.case_id, tmp_path / "case.zip")
    assert names(tmp_path) == []


async def test_by_its_url_onto_a_file_that_is_there(
    doctor: AsyncClinicianClient, file: CaseFile, tmp_path: Path
) -> None:
    target = tmp_path / "mine.pdf"
    target.write_bytes(b"before")

    await doctor.download(file.file_url, target)

    assert target.read_bytes() == CONTENT


async def test_a_download_goes_on_where_it_broke(
    relay: Relay, tokens: Tokens, file: CaseFile, tmp_path: Path
) -> None:
    relay.cuts = [MIB, 200_000, 0, MIB]

    async with through(relay, tokens) as client:
        got = await client.download(file, tmp_path / "got.pdf")

    assert got.read_bytes() == CONTENT
    asked = [head for head in relay.heads if b"\r\nrange:" in head]
    assert len(asked) == 4
    assert all(b'\r\nif-range: "' in head for head in asked)
    assert relay.connections == 5


async def test_the_blocking_client_does_so_too(
    relay: Relay, tokens: Tokens, file: CaseFile, tmp_path: Path
) -> None:
    relay.cuts = [MIB, 200_000]

    def bring() -> Path:
        with ClinicianClient(relay.url, tokens=tokens) as client:
            return client.download(file, tmp_path)

    got = await asyncio.to_thread(bring)

    assert got.read_bytes() == CONTENT
    assert relay.connections == 3


async def test_it_gives_up_when_nothing_comes(
    relay: Relay, tokens: Tokens, file: CaseFile, tmp_path: Path
) -> None:
    relay.cuts = [MIB, *[0] * 100]

    async with through(relay, tokens) as client:
        with pytest.raises(Unreachable):
            await client.download(file, tmp_path)

    assert not names(tmp_path)
    assert relay.cuts, "it never gave up"


async def test_a_changed_byte_is_noticed(
    relay: Relay, tokens: Tokens, file: CaseFile, tmp_path: Path
) -> None:
    relay.flips = [2 * MIB]
    target = tmp_path / "got.pdf"
    target.write_bytes(b"before")

    async with through(relay, tokens) as client:
        with pytest.raises(DigestMismatch):
            await client.download(file, target)

    assert target.read_bytes() == b"before"
    assert names(tmp_path) == ["got.pdf"]


async def test_a_changed_byte_after_a_break_is_noticed(
    relay: Relay, tokens: Tokens, file: CaseFile, tmp_path: Path
) -> None:
    relay.cuts, relay.flips = [MIB], [10**9, MIB]

    async with through(relay, tokens) as client:
        with pytest.raises(DigestMismatch):
            await client.download(file, tmp_path)

    assert not names(tmp_path)


async def test_what_is_not_there_leaves_nothing(
    doctor: AsyncClinicianClient, tmp_path: Path
) -> None:
    with pytest.raises(NotFound) as refused:
        await doctor.download("/files/1/nothing.pdf", tmp_path)

    assert refused.value.text == "File not found"
    assert not names(tmp_path)


@pytest.mark.parametrize("url", ["https://elsewhere.example/a.pdf", "//elsewhere.example/a.pdf"])
async def test_the_token_stays_at_home(
    doctor: AsyncClinicianClient, tmp_path: Path, url: str
) -> None:
    with pytest.raises(NotFound):
        await doctor.download(url, tmp_path)


@pytest.mark.parametrize("name", ["../out.pdf", "..", "a\\b", "/etc/passwd", "", "a\nb"])
async def test_a_name_from_the_server_leads_nowhere_else(
    doctor: AsyncClinicianClient, tmp_path: Path, file: CaseFile, name: str
) -> None:
    with pytest.raises(DownloadBroken):
        await doctor.download(replace(file, file_name=name), tmp_path)


async def test_two_downloads_to_one_place_spoil_nothing(
    relay: Relay, tokens: Tokens, file: CaseFile, tmp_path: Path
) -> None:
    async with through(relay, tokens) as client:
        both = await asyncio.gather(
            client.download(file, tmp_path), client.download(file, tmp_path), return_exceptions=True
        )

    assert any(isinstance(each, Path) for each in both)
    assert (tmp_path / file.file_name).read_bytes() == CONTENT
