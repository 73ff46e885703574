"""What is sent again, and what is not; what a refusal says; and what goes over the wire."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from casekeep.client import (
    ApiError,
    AsyncClinicianClient,
    AsyncPartnerClient,
    AsyncPatientClient,
    Forbidden,
    Limited,
    NotFound,
    NotSignedIn,
    NotUnderstood,
    Question,
    Refused,
    Repeats,
    ServerFailed,
    Tokens,
    Unreachable,
    ValidationFailed,
)

BASE = "https://casekeep.test"
ID = "f1e2d3c4-5678-40ab-8def-1234567890ab"
ACCOUNT = {"id": ID, "email": None, "role": "clinician"}
TOKENS = Tokens("an access token", "a refresh token")
QUICK = Repeats(first_wait=0.001)

Answers = list[httpx.Response | httpx.TransportError]


class Far:
    """A server that gives the next of its answers, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def clinician(self, repeats: Repeats = QUICK) -> AsyncClinicianClient:
        return AsyncClinicianClient(BASE, tokens=TOKENS, repeats=repeats, http=self.http)


def busy(status: int = 503, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def fine(body: Any = ACCOUNT) -> httpx.Response:
    return httpx.Response(200, json=body)


async def test_a_read_is_repeated() -> None:
    far = Far(httpx.ReadError("broke"), busy(), busy(429, retry_after="0"), fine())

    assert (await far.clinician().account()).role == "clinician"
    assert len(far.asked) == 4


async def test_it_ends_somewhere() -> None:
    far = Far(*[httpx.ConnectError("refused")] * 9)

    with pytest.raises(Unreachable, match="refused"):
        await far.clinician().account()
    assert len(far.asked) == 1 + QUICK.most


async def test_a_server_that_wants_too_long_a_wait_is_told_at_once() -> None:
    far = Far(busy(429, retry_after="3600"))

    with pytest.raises(Limited) as limited:
        await far.clinician().account()
    assert limited.value.retry_after == 3600


@pytest.mark.parametrize("answer", [busy(), httpx.ReadTimeout("late")])
async def test_an_act_is_not_repeated(answer: httpx.Response | httpx.TransportError) -> None:
    far = Far(answer)

    with pytest.raises((ServerFailed, Unreachable)):
        await far.clinician().delete_case(1)
    assert len(far.asked) == 1


async def test_a_refresh_is_not_repeated() -> None:
    far = Far(httpx.ReadError("broke"), fine())
    client = far.clinician()

    with pytest.raises(Unreachable):
        await client.refresh()
    assert client.tokens == TOKENS
    assert len(far.asked) == 1


async def test_opening_a_case_is_repeated_with_a_key_of_its_own() -> None:
    when = "2026-04-15T12:34:56.000Z"
    case = {"id": ID, "shortId": "7", "status": "OPEN"}
    made = {"data": {"case": {**case, "createdAt": when, "updatedAt": when}}}
    about: dict[str, Any] = {"first_name": "A", "last_name": "B", "email": "a@example.org"}
    about |= {"questions": [Question("Why?", "TEXT", "Because")], "form_title": "Intake"}
    far = Far(httpx.ReadError("broke"), fine(made), httpx.ReadError("broke"))
    client = AsyncPartnerClient(BASE, "a key", repeats=QUICK, http=far.http)

    assert (await client.open_case(**about, idempotency_key="one")).short_id == "7"
    with pytest.raises(Unreachable):
        await client.open_case(**about)
    assert len(far.asked) == 3


GRANT = {"error": "invalid_grant", "error_description": "No"}
FIELDS = {"error": "Validation failed", "code": "V"}
DETAILS = [{"type": "missing", "loc": ["body", "file"], "msg": "Field required", "input": None}]


@pytest.mark.parametrize(
    ("status", "body", "kind", "text", "code"),
    [
        (400, GRANT, NotSignedIn, "No", "invalid_grant"),
        (400, {"detail": "An empty file"}, Refused, "An empty file", None),
        (400, FIELDS, ValidationFailed, "Validation failed", "V"),
        (403, {"error": "Not yours", "code": "V"}, Forbidden, "Not yours", "V"),
        (404, {"detail": "Case not found"}, NotFound, "Case not found", None),
        (413, {"detail": "Too large"}, Refused, "Too large", None),
        (422, {"detail": DETAILS}, ValidationFailed, "body.file: Field required", None),
        (500, "<html>", ServerFailed, "Internal Server Error", None),
        (302, None, Refused, "Found", None),
        (599, [1], ServerFailed, "refused", None),
    ],
)  # fmt: skip
async def test_refusals_have_kinds(
    status: int, body: Any, kind: type[ApiError], text: str, code: str | None
) -> None:
    far = Far(httpx.Response(status, json=body, headers={"X-Request-Id": "7"}))

    with pytest.raises(ApiError) as refused:
        await far.clinician().delete_case(1)

    assert type(refused.value) is kind
    assert (refused.value.text, refused.value.code) == (text, code)
    assert (refused.value.status, refused.value.request_id) == (status, "7")
    if isinstance(refused.value, ValidationFailed) and "detail" in body:
        assert refused.value.problems == tuple(DETAILS)


async def test_an_answer_of_something_else_is_not_understood() -> None:
    with pytest.raises(NotUnderstood):
        await Far(httpx.Response(200, html="<p>A portal of the hotel</p>")).clinician().account()


async def test_a_link_elsewhere_gets_neither_key_nor_token(tmp_path: Path) -> None:
    link = {"downloadUrl": "https://bucket.example/x?sig=1", "fileName": "a.pdf", "expiresIn": 900}
    far = Far(fine({"data": link}), httpx.Response(200, stream=httpx.ByteStream(b"bytes")))
    client = AsyncPatientClient(BASE, "a key", tokens=TOKENS, http=far.http)

    got = await client.download(UUID(ID), tmp_path / "a.pdf")

    assert got.read_bytes() == b"bytes"
    here, there = far.asked
    assert (here.headers["cv-api-key"], there.url.host) == ("a key", "bucket.example")
    assert not {"cv-api-key", "authorization"} & set(there.headers)


async def test_every_call_says_who_is_calling() -> None:
    far = Far(fine())
    await far.clinician().account()

    assert far.asked[0].headers["user-agent"].startswith("casekeep-client/")
    assert far.asked[0].url.query == b""


def test_nothing_is_shown_of_a_client() -> None:
    makers: list[Callable[..., object]] = [AsyncPatientClient, AsyncPartnerClient]
    for make in makers:
        assert repr(make(BASE, "a secret key")) == f"{make.__name__}('{BASE}')"
