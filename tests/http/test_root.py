"""The root application: opens and closes the house, and sends each path to its edge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from casekeep.clinician_api.app import build_app as build_clinician_api
from casekeep.http.house import House
from casekeep.http.root import Apps, Root, dispatcher
from casekeep.pages.app import build_app as build_pages
from casekeep.portal_api.app import build_app as build_portal_api
from casekeep.settings import Settings
from tests.support.house import signed_in_clinician


class Lifespan:
    """A server that starts and stops the application."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def receive(self) -> dict[str, str]:
        return {"type": "lifespan.shutdown" if self.sent else "lifespan.startup"}

    async def send(self, message: dict[str, str]) -> None:
        self.sent.append(message["type"])


def apps(house: House) -> Apps:
    portal = build_portal_api(house)
    return Apps(house, build_clinician_api(house), portal, build_pages(Settings()))


@pytest.fixture
async def root(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(dispatcher(apps(house)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://casekeep.test") as client:
        yield client


async def test_it_opens_the_house_at_startup_and_closes_it_at_shutdown(house: House) -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def opening() -> AsyncIterator[Apps]:
        steps.append("opened")
        yield apps(house)
        steps.append("closed")

    server = Lifespan()
    await Root(opening)({"type": "lifespan"}, server.receive, server.send)
    assert steps == ["opened", "closed"]
    assert server.sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_house_that_does_not_open_is_told_to_the_server() -> None:
    @asynccontextmanager
    async def opening() -> AsyncIterator[Apps]:
        raise OSError("the cellar is flooded")
        yield

    server = Lifespan()
    with pytest.raises(OSError, match="cellar"):
        await Root(opening)({"type": "lifespan"}, server.receive, server.send)
    assert server.sent == ["lifespan.startup.failed"]


async def test_each_path_reaches_its_edge(root: httpx.AsyncClient) -> None:
    assert (await root.get("/healthz")).json() == {"status": "ok"}
    assert (await root.get("/readyz")).json() == {"status": "ok"}
    assert "Casekeep" in (await root.get("/")).text
    assert (await root.get("/nowhere")).json() == {"detail": "Not Found"}
    for path in ("/api/v1", "/api/v1/", "/api/v1/nowhere"):
        assert (await root.get(path)).json()["code"] == "NOT_FOUND"
    assert (await root.get("/api/v10")).json() == {"detail": "Not Found"}
    assert (await root.get("/cases/files/1")).status_code == 401


async def test_a_file_url_joined_with_a_slash(root: httpx.AsyncClient, house: House) -> None:
    caller = await signed_in_clinician(house)
    found = await root.get("http://casekeep.test//cases/files/1", headers=caller.headers)
    assert (found.status_code, found.json()) == (404, {"detail": "Case not found"})


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/api/v1/nowhere", "/cases/files/1"])
async def test_every_answer_is_guarded_and_has_an_id(root: httpx.AsyncClient, path: str) -> None:
    answer = await root.get(path, headers={"X-Request-Id": "mine"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "content-security-policy" in answer.headers
    assert answer.headers["x-request-id"] not in {"", "mine"}
