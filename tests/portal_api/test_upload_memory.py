"""Many uploads at a time over a real server: what does not fit into memory is told to come back."""

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest

from casekeep.http.house import House
from casekeep.portal_api import app
from tests.http.asgi import serving
from tests.support.clinician import whole_server
from tests.support.house import SignedIn, signed_in_patient
from tests.support.portal import FILES

LARGEST = app.largest_upload
PDF = base64.b64encode(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n").decode()
BODY = {"name": "report.pdf", "data": PDF, "mimeType": "application/pdf"}


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


@pytest.fixture
async def server(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    """A server with room for one upload of the largest size."""
    monkeypatch.setattr(app, "UPLOADS_IN_MEMORY", 1)
    monkeypatch.setattr(app, "PATIENCE", 0.3)
    async with serving(whole_server(house)) as address:
        yield address


async def test_uploads_over_the_budget_come_back_later(
    house: House, server: tuple[str, int], patient: SignedIn
) -> None:
    fields = "".join(f"{name}: {value}\r\n" for name, value in patient.headers.items())
    head = (
        f"POST {FILES}/upload HTTP/1.1\r\nHost: x\r\n{fields}"
        f"Content-Type: application/json\r\nContent-Length: {LARGEST(house.limits)}\r\n\r\n{{"
    )
    async with httpx.AsyncClient(base_url=f"http://{server[0]}:{server[1]}") as client:
        _, writer = await asyncio.open_connection(*server)
        try:
            writer.write(head.encode())
            async with asyncio.timeout(10):
                while (answer := await post(client, patient)).status_code != 429:
                    pass
        finally:
            writer.transport.abort()
        assert answer.json()["code"] == "RATE_LIMITED"
        assert int(answer.headers["retry-after"]) >= 1
        async with asyncio.timeout(10):
            while (await post(client, patient)).status_code != 200:
                pass


async def test_strangers_take_nothing_of_the_budget(
    house: House, server: tuple[str, int], patient: SignedIn
) -> None:
    head = f"POST {FILES}/upload HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGEST(house.limits)}"
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(f"{head}\r\n\r\n{{".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
        async with httpx.AsyncClient(base_url=f"http://{server[0]}:{server[1]}") as client:
            assert (await post(client, patient)).status_code == 200
    finally:
        writer.transport.abort()


async def post(client: httpx.AsyncClient, patient: SignedIn) -> httpx.Response:
    return await client.post(f"{FILES}/upload", json=BODY, headers=patient.headers)
