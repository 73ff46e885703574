"""Whatever goes wrong under /api/v1 is told in the envelope, and nothing more than that is told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from casekeep.db.database import Database
from casekeep.http.house import House
from casekeep.portal_api.app import build_app
from tests.contract.portal.test_golden import check
from tests.support.database import TestServer
from tests.support.house import SignedIn, client, signed_in_patient
from tests.support.portal import AUTH, FILES, keep_row

JSON_CALLS = [
    *(("POST", f"{AUTH}/{call}") for call in ("send-otp", "verify-otp", "refresh-token", "logout")),
    ("POST", f"{FILES}/upload"),
    ("PATCH", f"{FILES}/550e8400-e29b-41d4-a716-446655440000/metadata"),
]


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


@pytest.mark.parametrize(
    "path",
    ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/users/x", f"{FILES}/a/b/c", "/api/v1/%00",
     "/api/v1/openapi.yaml", "/api/v1/schema", "/schema", f"{AUTH}/"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path(portal: httpx.AsyncClient, method: str, path: str) -> None:
    check("path-404", await portal.request(method, path))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", FILES, {"GET"}),
        ("PUT", f"{FILES}/x/metadata", {"GET", "PATCH", "OPTIONS"}),
        ("GET", f"{AUTH}/send-otp", {"POST", "OPTIONS"}),
        ("POST", "/api/v1/files/content", {"GET", "HEAD", "OPTIONS"}),
        ("BREW", FILES, {"GET"}),
    ],
)
async def test_a_method_that_a_path_does_not_have(
    portal: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = await portal.request(method, path)

    check("method-405", answer)
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"x": "\xff"}', b'{"\xc3": 1}',
     b'{"fileName": "a\\ud800"}', b"[" * 5000,
     b'{"fileName": "a.pdf"} trailing', b"fileName=a.pdf", b"1e999999"],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), JSON_CALLS)
async def test_a_body_that_does_not_parse(
    portal: httpx.AsyncClient, patient: SignedIn, method: str, path: str, body: bytes
) -> None:
    answer = await portal.request(method, path, headers=patient.headers, content=body)

    check("list-files-400", answer)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit(
    portal: httpx.AsyncClient, patient: SignedIn, *, announced: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 1024

    body = b" " * 65536 if announced else pieces()
    path = f"{FILES}/550e8400-e29b-41d4-a716-446655440000/metadata"

    check("large-413", await portal.patch(path, headers=patient.headers, content=body))


async def test_a_large_body_of_a_stranger_is_not_read(portal: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        raise AssertionError
        yield b""

    check("list-files-400", await portal.post(f"{FILES}/upload", content=pieces()))


async def test_a_client_that_leaves_in_the_middle_is_no_failure(
    house: House, patient: SignedIn
) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'{"name": "', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in patient.headers.items()]
    scope: Any = {
        "type": "http", "method": "POST", "path": f"{FILES}/upload", "raw_path": b"",
        "query_string": b"", "headers": headers, "scheme": "https", "http_version": "1.1",
        "client": ("127.0.0.1", 1), "server": ("casekeep.test", 443), "root_path": "",
    }  # fmt: skip
    with capture_logs() as logged:
        await build_app(house)(scope, receive, send)

    assert sent[0]["status"] == 400
    assert logged == []


async def test_too_many_requests_say_when_to_come_again(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    body = {"email": "nobody@example.org", "channel": "EMAIL"}
    for _ in range(5):
        await portal.post(f"{AUTH}/send-otp", headers=patient.headers, json=body)

    answer = await portal.post(f"{AUTH}/send-otp", headers=patient.headers, json=body)

    check("limited-429", answer)
    assert 0 < int(answer.headers["retry-after"]) <= 900


@pytest_asyncio.fixture(scope="session")
async def broken(house: House, test_server: TestServer) -> AsyncIterator[httpx.AsyncClient]:
    """The portal over a house whose rooms lost their database; the gate still has its own."""
    lost = await Database.connect(test_server.application_dsn, size=1)
    await lost.close()
    async with client(build_app(replace(house, db=lost))) as opened:
        yield opened


async def test_an_unexpected_failure_tells_nothing(
    broken: httpx.AsyncClient, patient: SignedIn
) -> None:
    with capture_logs() as logged:
        answer = await broken.get(FILES, headers=patient.headers)

    check("failed-500", answer)
    assert len(logged) == 1
    assert logged[0]["event"] == "portal.failed"
    assert logged[0]["log_level"] == "error"


async def test_the_log_of_a_failure_has_no_text_of_it(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    """Bytes that are gone: a real failure with a file's id and name near it."""
    file_id = await keep_row(
        house, await patient.case(), name="hiv-test.pdf", uploaded_by=patient.user.id
    )
    link = await portal.get(f"{FILES}/{file_id}/download", headers=patient.headers)

    with capture_logs() as logged:
        answer = await portal.get(link.json()["data"]["downloadUrl"])

    check("failed-500", answer)
    assert [entry["event"] for entry in logged] == ["portal.failed"]
    assert "hiv" not in repr(logged)
    assert str(patient.user.id) not in repr(logged)


async def test_refusals_are_not_logged_as_failures(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    with capture_logs() as logged:
        await portal.get(f"{FILES}?type=x", headers=patient.headers)
        await portal.get("/api/v1/nothing")
        await portal.get(FILES)

    assert logged == []
