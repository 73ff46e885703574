"""The clinician edge for tests: a client of the real application, and its usual acts."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest_asyncio

from casekeep.clinician_api.app import build_app
from casekeep.http.house import House
from tests.support.house import client

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"\0" * 64 + b"\xff\xd9"
PATIENT = {"patient_name": "Pat Example", "patient_age": "44", "patient_gender": "female"}


@pytest_asyncio.fixture(scope="session")
async def clinician(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the clinician edge over the run's house."""
    async with client(build_app(house)) as opened:
        yield opened


def refusal(response: httpx.Response) -> tuple[int, Any]:
    """Status and detail of a refusal, after a look at its shape."""
    body: dict[str, Any] = response.json()
    assert list(body) == ["detail"]
    return response.status_code, body["detail"]


async def open_case(
    client: httpx.AsyncClient,
    headers: Mapping[str, str],
    *files: tuple[str, str, bytes],
    **fields: str,
) -> dict[str, Any]:
    """A new case with `files`: part name, file name, content."""
    response = await client.post(
        "/cases/create_case",
        headers=headers,
        data={**PATIENT, **fields},
        files=[(part, (name, content)) for part, name, content in files],
    )
    assert response.status_code == 201, response.text
    return response.json()


async def add_file(
    client: httpx.AsyncClient,
    headers: Mapping[str, str],
    case: object,
    *,
    name: str = "report.pdf",
    content: bytes = PDF,
    **fields: str,
) -> httpx.Response:
    """Add one file to a case."""
    return await client.post(
        "/cases/upload",
        headers=headers,
        data={"case_id": str(case), **fields},
        files={"file": (name, content)},
    )
