"""`kill -9` of the server and its PostgreSQL in the middle of many uploads: what was acknowledged
is whole, what was not is nowhere, and the sweeper leaves no row and no bytes behind. (An upload
that was committed in time but whose answer was cut off is there: nobody can tell it apart.)
"""

import asyncio
import hashlib
import random
import re
import time
from pathlib import Path
from uuid import UUID

import httpx

from casekeep.db.addresses import EmbeddedServer
from casekeep.db.database import Database
from casekeep.kernel.ids import OrganizationId
from tests.acceptance.running import Server, make_clinic, running_server

UPLOADS = 200
SEED = 20261122


def pdf(number: int) -> bytes:
    """A file of its own content, 8 KiB to 1 MiB, that starts as a PDF does."""
    chooser = random.Random(SEED + number)
    return b"%PDF-1.7\n" + chooser.randbytes(chooser.choice([8, 64, 256, 1024]) * 1024)


async def upload(
    client: httpx.AsyncClient, case: int, number: int, acknowledged: dict[str, str]
) -> None:
    content = pdf(number)
    try:
        answer = await client.post(
            "/cases/upload",
            data={"case_id": str(case)},
            files={"file": (f"report-{number}.pdf", content, "application/pdf")},
        )
    except httpx.TransportError:
        return
    if answer.status_code == 201:
        acknowledged[answer.json()["file"]["file_url"]] = hashlib.sha256(content).hexdigest()


async def upload_until_killed(server: Server, auth: dict[str, str], case: int) -> dict[str, str]:
    """Start every upload at once; kill the server when a third of them are acknowledged."""
    acknowledged: dict[str, str] = {}
    limits = httpx.Limits(max_connections=UPLOADS)
    async with httpx.AsyncClient(
        base_url=server.url, headers=auth, timeout=60, limits=limits
    ) as client:
        tasks = [
            asyncio.create_task(upload(client, case, number, acknowledged))
            for number in range(UPLOADS)
        ]
        while len(acknowledged) < UPLOADS // 3:
            assert not all(task.done() for task in tasks), server.log()
            await asyncio.sleep(0.005)
        await asyncio.to_thread(server.kill)
        await asyncio.gather(*tasks)
    return acknowledged


async def unfinished_rows(data: Path, organization_id: str) -> int:
    """Rows of files that are not stored, seen through the application's own door."""
    db = await Database.connect(EmbeddedServer(data).join().application_dsn, size=1)
    try:
        async with db.transaction(OrganizationId(UUID(organization_id))) as tx:
            return await tx.fetch_value("select count(*) from files where state <> 'stored'")
    finally:
        await db.close()


def test_nothing_acknowledged_is_lost_and_nothing_else_is_left(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        clinic = make_clinic(data)
        auth = clinic.sign_in(server.url)
        opened = httpx.post(
            f"{server.url}/cases/create_case",
            headers=auth,
            data={"patient_name": "Pat Example", "patient_age": "44", "patient_gender": "female"},
        )
        assert opened.status_code == 201, opened.text
        case = opened.json()["case"]["id"]
        acknowledged = asyncio.run(upload_until_killed(server, auth, case))
    assert UPLOADS // 3 <= len(acknowledged) < UPLOADS
    assert len(blobs(data)) > len(acknowledged), "the cut left nothing to sweep"
    with running_server(data) as server:
        listed = httpx.get(f"{server.url}/cases/files/{case}", headers=auth).json()["files"]
        urls = {file["file_url"] for file in listed}
        assert set(acknowledged) <= urls, "an acknowledged file is not listed"
        for file in listed:
            got = httpx.get(f"{server.url}/{file['file_url'].lstrip('/')}", headers=auth)
            number = int(re.sub(r"\D", "", file["file_name"]))
            assert got.status_code == 200
            assert hashlib.sha256(got.content).digest() == hashlib.sha256(pdf(number)).digest()
        wait_until_swept(data, len(listed))
        unfinished = asyncio.run(unfinished_rows(data, clinic.organization_id))
    assert unfinished == 0


def wait_until_swept(data: Path, files: int, seconds: float = 60.0) -> None:
    """Until the bytes on disk are exactly those of the listed files, and nothing is unfinished."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if len(blobs(data)) == files and not any(path.suffix for path in blobs(data)):
            return
        time.sleep(0.1)
    raise AssertionError(f"{len(blobs(data))} blobs on disk for {files} files")


def blobs(data: Path) -> list[Path]:
    """Every file with bytes, finished or not."""
    return [path for path in (data / "blobs").rglob("*") if path.is_file()]
