"""A real server process with a clinic in it, and the house behind both applications."""

import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from casekeep.client import AsyncClinicianClient, Tokens
from casekeep.http.house import House
from tests.acceptance.running import Clinic, Server, make_clinic, running_server
from tests.client.relay import Relay, relay_to
from tests.support.clinician import whole_server
from tests.support.house import client


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("client") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def clinic(server: Server) -> Clinic:
    return make_clinic(server.data)


@pytest_asyncio.fixture(scope="session")
async def tokens(server: Server, clinic: Clinic) -> Tokens:
    """A sign-in of the clinic's clinician, good for the whole run."""
    async with AsyncClinicianClient(server.url) as client:
        await client.sign_in(clinic.email, clinic.password)
        assert client.tokens is not None
        return client.tokens


@pytest_asyncio.fixture
async def doctor(server: Server, tokens: Tokens) -> AsyncIterator[AsyncClinicianClient]:
    async with AsyncClinicianClient(server.url, tokens=tokens) as client:
        yield client


@pytest_asyncio.fixture
async def relay(server: Server) -> AsyncIterator[Relay]:
    async with relay_to(server.url) as opened:
        yield opened


@pytest_asyncio.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """An httpx client of the whole server over the run's house."""
    async with client(whole_server(house)) as opened:
        yield opened


def pdf(size: int, seed: int = 1) -> bytes:
    """A PDF of `size` bytes that no two seeds share."""
    head, end = b"%PDF-1.7\n", b"\n%%EOF\n"
    return head + random.Random(seed).randbytes(size - len(head) - len(end)) + end


def pdf_at(path: Path, size: int, seed: int = 1) -> Path:
    path.write_bytes(pdf(size, seed))
    return path
