"""Calls from browsers, whose software is of another origin than the server."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from httpx import AsyncClient

from casekeep.http.house import House
from tests.support.clinician import whole_server
from tests.support.house import client, signed_in_clinician

APP = "https://app.clinic.example"
OTHERS = ("https://evil.example", "null", "http://app.clinic.example", f"{APP}:8443", f"{APP}.x")
EDGES = ("/cases/files/1", "/auth/v1/token", "/api/v1/cases/1/attachments", "/lab_files/a/b.pdf")


@pytest_asyncio.fixture
async def allowing(house: House) -> AsyncIterator[AsyncClient]:
    """A server that lets the software of one origin in."""
    async with client(whole_server(replace(house, allowed_origins=frozenset({APP})))) as opened:
        yield opened


def preflight(origin: str, method: str = "PATCH") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,cv-api-key,tus-resumable,upload-offset",
    }


def granted(headers: object) -> set[str]:
    return {name for name in dict(headers) if name.startswith("access-control-")}  # type: ignore[call-overload] - httpx has a mapping


@pytest.mark.parametrize("path", EDGES)
async def test_browsers_are_told_what_an_allowed_origin_may_do(
    allowing: AsyncClient, path: str
) -> None:
    answer = await allowing.options(path, headers=preflight(APP))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == APP
    assert "PATCH" in answer.headers["access-control-allow-methods"].split(", ")
    assert answer.headers["access-control-allow-headers"] == "Authorization, *"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", EDGES)
@pytest.mark.parametrize("origin", OTHERS)
async def test_other_origins_are_granted_nothing(
    allowing: AsyncClient, path: str, origin: str
) -> None:
    for answer in (
        await allowing.options(path, headers=preflight(origin)),
        await allowing.get(path, headers={"Origin": origin}),
    ):
        assert granted(answer.headers) == set()
        assert answer.headers["vary"] == "Origin"


async def test_answers_can_be_read_by_an_allowed_origin(
    house: House, allowing: AsyncClient
) -> None:
    caller = await signed_in_clinician(house)
    headers = {**caller.headers, "Origin": APP}
    for answer in (
        await allowing.get("/auth/v1/user", headers=headers),
        await allowing.get("/auth/v1/user", headers={"Origin": APP}),
        await allowing.get("/api/v1/nothing", headers={"Origin": APP}),
    ):
        assert answer.headers["access-control-allow-origin"] == APP
        exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
        assert {
            *("etag", "content-disposition", "content-digest", "accept-ranges"),
            *("content-range", "retry-after", "x-request-id"),
        } <= set(exposed)
        assert answer.headers["vary"] == "Origin"


async def test_a_call_without_an_origin_says_that_it_depends_on_one(allowing: AsyncClient) -> None:
    answer = await allowing.get("/auth/v1/user")
    assert granted(answer.headers) == set()
    assert answer.headers["vary"] == "Origin"


async def test_two_origins_are_none(allowing: AsyncClient) -> None:
    answer = await allowing.get("/auth/v1/user", headers=[("Origin", APP), ("Origin", APP)])
    assert granted(answer.headers) == set()


async def test_pages_and_health_are_for_their_own_origin(allowing: AsyncClient) -> None:
    for path in ("/", "/healthz"):
        assert granted((await allowing.get(path, headers={"Origin": APP})).headers) == set()


async def test_unless_an_origin_is_allowed_nothing_changes(root: AsyncClient) -> None:
    for path in EDGES:
        for answer in (
            await root.options(path, headers=preflight(APP)),
            await root.get(path, headers={"Origin": APP}),
        ):
            assert granted(answer.headers) == set()
            assert "vary" not in answer.headers
