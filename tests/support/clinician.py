"""The clinician edge for tests: a client of the real application, and its usual acts."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import httpx
import pytest_asyncio

from casekeep.blobs.local import LocalStore
from casekeep.clinician_api.app import build_app
from casekeep.http.asgi import ASGIApp
from casekeep.http.house import House
from casekeep.http.root import Apps, dispatcher
from casekeep.kernel.ids import OrganizationId
from casekeep.pages.app import build_app as build_pages
from casekeep.portal_api.app import build_app as build_portal_api
from casekeep.settings import Settings
from tests.support.house import client

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"\0" * 64 + b"\xff\xd9"
PATIENT = {"patient_name": "Pat Example", "patient_age": "44", "patient_gender": "female"}


@pytest_asyncio.fixture(scope="session")
async def clinician(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the clinician edge over the run's house."""
    async with client(build_app(house)) as opened:
        yield opened


def whole_server(house: House) -> ASGIApp:
    """All edges over a house, as a server process has them."""
    return dispatcher(
        Apps(house, build_app(house), build_portal_api(house), build_pages(Settings()))
    )


@pytest_asyncio.fixture(scope="session")
async def root(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole server over the run's house."""
    async with client(whole_server(house)) as opened:
        yield opened


class Kept(NamedTuple):
    """How much there is of an organisation: cases, file rows in any state, blobs on the disk."""

    cases: int
    rows: int
    blobs: int


NOTHING = Kept(0, 0, 0)


async def kept(house: House, organization_id: OrganizationId) -> Kept:
    """What is kept of an organisation, finished or not."""
    async with house.db.transaction(organization_id) as tx:
        row = await tx.fetch_row(
            """select (select count(*) from cases where organization_id = $1),
                      (select count(*) from files where organization_id = $1)""",
            organization_id,
        )
    assert row is not None
    assert isinstance(house.blobs.store, LocalStore)
    folder = house.blobs.store.root / str(organization_id)
    blobs = [each for each in folder.rglob("*") if each.is_file()] if folder.is_dir() else []
    return Kept(*row, len(blobs))


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
