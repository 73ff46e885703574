"""Clients that stall, or vanish, in the middle of an upload to a real server: nothing remains."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from structlog.testing import capture_logs

from casekeep.http.house import House
from tests.http.asgi import serving
from tests.support.clinician import PATIENT, PDF, Kept, add_file, kept, open_case, whole_server
from tests.support.house import MIB, SignedIn, api_key, signed_in_clinician

Address = tuple[str, int]
MOST = PDF + bytes(MIB * 7 // 4)
"""More than a sealed segment, so that some of it is on the disk while the rest is awaited."""


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def server(house: House) -> AsyncIterator[Address]:
    """The whole server on a port, for clients who may pause a moment only."""
    async with serving(whole_server(replace(house, idle_timeout=0.3))) as address:
        yield address


@asynccontextmanager
async def begun_upload(
    house: House, server: Address, caller: SignedIn, path: str, part: str
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which most of a file is sent, once the server has bytes of it on its disk."""
    reader, writer = await asyncio.open_connection(*server)
    fields = "".join(
        f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**PATIENT, "case_id": "1"}.items()
    )
    head = f'--frontier\r\nContent-Disposition: form-data; name="{part}"; filename="a.pdf"\r\n\r\n'
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: casekeep.test\r\n"
        f"Authorization: {caller.headers['authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=frontier\r\n"
        f"Content-Length: {3 * MIB}\r\n\r\n{fields}{head}".encode()
        + MOST
    )
    try:
        await writer.drain()
        await until(house, caller, rows=1)
        yield reader, writer
    finally:
        writer.transport.abort()


async def until(house: House, caller: SignedIn, *, rows: int) -> Kept:
    """What is kept, once there are so many rows and blobs."""
    async with asyncio.timeout(10):
        while True:
            found = await kept(house, caller.organization_id)
            if found.rows == found.blobs == rows:
                return found
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("path", "part"), [("/cases/upload", "file"), ("/cases/create_case", "radiology_files")]
)
async def test_a_client_that_vanishes(
    house: House, server: Address, caller: SignedIn, path: str, part: str
) -> None:
    async with begun_upload(house, server, caller, path, part) as (_, writer):
        writer.transport.abort()
        assert await until(house, caller, rows=0) == Kept(0, 0, 0)


@pytest.mark.parametrize(
    ("path", "part"), [("/cases/upload", "file"), ("/cases/create_case", "radiology_files")]
)
async def test_a_client_that_stalls(
    house: House, server: Address, caller: SignedIn, path: str, part: str
) -> None:
    async with begun_upload(house, server, caller, path, part) as (reader, _):
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b'{"detail":"The upload stalled"}')
    assert await kept(house, caller.organization_id) == Kept(0, 0, 0)


async def test_a_client_that_is_slow_but_steady_is_waited_for(
    house: House, server: Address, caller: SignedIn
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        fields = {**PATIENT}
        for name, value in fields.items():
            yield (
                f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            ).encode()
        yield b'--frontier\r\nContent-Disposition: form-data; name="lab_files"; filename="a.pdf"'
        yield b"\r\n\r\n"
        for byte in (PDF[:10], PDF[10:20], PDF[20:]):
            await asyncio.sleep(0.15)  # together longer than one pause may be
            yield byte
        yield b"\r\n--frontier--\r\n"

    headers = {**caller.headers, "content-type": "multipart/form-data; boundary=frontier"}
    async with httpx.AsyncClient(base_url=f"http://{server[0]}:{server[1]}") as client:
        answer = await client.post("/cases/create_case", content=pieces(), headers=headers)
    assert answer.status_code == 201
    assert await kept(house, caller.organization_id) == Kept(1, 1, 1)


async def test_a_refusal_in_the_middle_reaches_the_client(
    house: House, server: Address, caller: SignedIn
) -> None:
    """A file over the limit is refused long before its end, and the client reads why."""
    async with httpx.AsyncClient(base_url=f"http://{server[0]}:{server[1]}") as client:
        case = (await open_case(client, caller.headers))["case"]
        large = PDF + bytes(8 * MIB)
        answer = await add_file(client, caller.headers, case["id"], content=large, category="lab")
        assert answer.status_code == 413
        fine = await add_file(client, caller.headers, case["id"], name="ü #1.pdf")
        url = f"{client.base_url}/{fine.json()['file']['file_url']}"
        fetched = await client.get(url, headers=caller.headers)
    assert fetched.content == PDF
    assert await kept(house, caller.organization_id) == Kept(1, 1, 1)


async def test_a_client_that_vanishes_while_signing_in_is_no_failure_of_ours(
    house: House, server: Address
) -> None:
    _, writer = await asyncio.open_connection(*server)
    with capture_logs() as logs:
        writer.write(
            b"POST /auth/v1/token?grant_type=password HTTP/1.1\r\nHost: casekeep.test\r\n"
            b'Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"email": "pat@'
        )
        await writer.drain()
        writer.transport.abort()
        async with asyncio.timeout(10):
            while not logs:  # noqa: ASYNC110 - the log has no event to wait for
                await asyncio.sleep(0.02)
    assert [line["event"] for line in logs] == ["request"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/auth/v1/token?grant_type=password", b'{"detail":"The upload stalled"}'),
        (
            "/api/v1/users/auth/refresh-token",
            b'{"status":400,"success":false,"error":"Validation failed","code":"VALIDATION_ERROR"}',
        ),
    ],
)
async def test_a_client_that_stalls_in_json_is_told_and_left(
    house: House, server: Address, caller: SignedIn, path: str, told: bytes
) -> None:
    _, key = await api_key(house, caller.organization_id)
    reader, writer = await asyncio.open_connection(*server)
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: casekeep.test\r\ncv-api-key: {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 6000\r\n\r\n{".encode()
    )
    try:
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
    finally:
        writer.transport.abort()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(told)


async def test_the_text_of_a_form_is_bounded_as_a_whole(
    house: House, server: Address, caller: SignedIn
) -> None:
    fields = {f"x{n}": "x" * 60_000 for n in range(5)}
    async with httpx.AsyncClient(base_url=f"http://{server[0]}:{server[1]}") as client:
        answer = await client.post(
            "/cases/create_case",
            data=PATIENT | fields,
            files={"lab_files": ("a.pdf", PDF)},
            headers=caller.headers,
        )
    assert answer.status_code == 400
    assert "text fields" in answer.json()["detail"]
    assert await kept(house, caller.organization_id) == Kept(0, 0, 0)
