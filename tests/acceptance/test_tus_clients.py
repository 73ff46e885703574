"""`tus-js-client` and `tuspy`, unchanged, upload to a running server: across its two workers, and
across its death.
"""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from tusclient.client import TusClient

from tests.acceptance.holding import holding
from tests.acceptance.running import Clinic, Server, make_clinic, running_server
from tests.support.clinician import PATIENT, PDF
from tests.support.node import run_script

MIB = 1 << 20
SIZE = int(os.environ.get("CASEKEEP_TUS_TEST_MIB", "32")) * MIB
pytestmark = pytest.mark.timeout(300 + SIZE // MIB)
CHUNK = max(4 * MIB, SIZE // 64)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF padded with what no two places have alike."""
    path = tmp_path_factory.mktemp("content") / "scan.pdf"
    with path.open("wb") as file:
        file.write(PDF)
        left, piece = SIZE - len(PDF), sha256(b"seed").digest()
        while left:
            piece = sha256(piece).digest()
            block = (piece * (MIB // 32))[:left]
            left -= file.write(block)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


SETTINGS = {"CASEKEEP_UPLOAD_LIMIT_MIB": "5120"}


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    with running_server(data, **SETTINGS) as running:
        yield running


def open_case(url: str, clinic: Clinic) -> tuple[str, int]:
    """The clinician's token, and the number of a new case."""
    headers = clinic.sign_in(url)
    made = httpx.post(f"{url}/cases/create_case", headers=headers, data=PATIENT)
    return headers["Authorization"].removeprefix("Bearer "), made.json()["case"]["id"]


def upload(url: str, token: str, case: int, path: Path, *, most: int = 0, again: str = "") -> Any:
    words = (f"{url}/uploads", token, str(case), str(path), str(CHUNK), str(most), again)
    return json.loads(run_script("tus.mjs", *words, seconds=60 + SIZE / MIB))


def check_file(url: str, clinic: Clinic, file_id: str, path: Path) -> None:
    """The file is the one that was sent, byte by byte, and the case has no other."""
    headers = clinic.sign_in(url)
    file = httpx.get(f"{url}/cases/file/{file_id}", headers=headers).json()["file"]
    digest = sha256()
    with httpx.stream("GET", url + file["file_url"], headers=headers, timeout=60) as answer:
        for piece in answer.iter_bytes():
            digest.update(piece)
    with path.open("rb") as sent:
        expected = sha256()
        while piece := sent.read(MIB):
            expected.update(piece)
    assert digest.digest() == expected.digest()
    listed = httpx.get(f"{url}/cases/files/{file['case_id']}", headers=headers).json()["files"]
    assert [each["file_id"] for each in listed] == [file_id]


def written(server: Server) -> dict[int, int]:
    """Bytes that each server process has written so far."""
    files = {pid: Path(f"/proc/{pid}/io").read_text() for pid in server.processes()}
    return {pid: int(text.split("wchar: ")[1].split()[0]) for pid, text in files.items()}


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing until the block ends."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def upload_by_both(server: Server, token: str, case: int, path: Path) -> str:
    """The beginning of an upload, two chunks of which each of the two server processes has taken;
    its path.
    """
    before = written(server)
    begun = upload(server.url, token, case, path, most=2)
    first = written(server)
    taken = {pid: first[pid] - before[pid] for pid in before}
    busy = max(taken, key=lambda pid: taken[pid])
    (other,) = set(taken) - {busy}
    with stopped(busy):
        upload(server.url, token, case, path, most=2, again=begun["url"])
        second = written(server)
    assert taken[busy] >= 2 * CHUNK
    assert second[other] - first[other] >= 2 * CHUNK
    return httpx.URL(begun["url"]).path


async def test_tus_js_client_goes_on_by_both_workers_and_after_a_restart(
    data: Path, content: Path
) -> None:
    """One client sends on while the server dies in the middle of a chunk and is started again."""
    with running_server(data, **SETTINGS) as first:
        clinic = make_clinic(data)
        token, case = open_case(first.url, clinic)
        path = await asyncio.to_thread(upload_by_both, first, token, case, content)
        async with holding(first.url) as relay:
            relay.left = CHUNK + CHUNK // 2
            again = f"{relay.url}{path}"
            sending = asyncio.create_task(
                asyncio.to_thread(upload, relay.url, token, case, content, again=again)
            )
            held = asyncio.create_task(relay.held.wait())
            await asyncio.wait({held, sending}, return_when=asyncio.FIRST_COMPLETED)
            assert not sending.done()
            await asyncio.to_thread(first.kill)
            with running_server(data, **SETTINGS) as second:
                relay.left, relay.far = None, second.url
                done = await sending
                assert done["error"] is None
                assert SIZE // CHUNK - 5 <= done["chunks"] <= SIZE // CHUNK - 4
                await asyncio.to_thread(check_file, second.url, clinic, done["fileId"], content)


def test_tuspy(server: Server, data: Path) -> None:
    clinic = make_clinic(data)
    token, case = open_case(server.url, clinic)
    client = TusClient(f"{server.url}/uploads", headers={"Authorization": f"Bearer {token}"})
    content = PDF + bytes(5 * MIB)
    uploader = client.uploader(
        file_stream=BytesIO(content),
        chunk_size=MIB,
        metadata={"filename": "report.pdf", "case_id": str(case)},
        upload_checksum=True,
    )
    uploader.upload_chunk()
    again = client.uploader(
        file_stream=BytesIO(content), chunk_size=MIB, url=uploader.url, upload_checksum=True
    )
    assert again.offset == MIB
    again.upload()
    listed = httpx.get(
        f"{server.url}/cases/files/{case}", headers={"Authorization": f"Bearer {token}"}
    ).json()["files"]
    assert [(each["file_name"], each["file_size"]) for each in listed] == [
        ("report.pdf", len(content))
    ]
