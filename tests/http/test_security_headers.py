"""Fields that every answer carries, unless an edge knows better."""

from typing import Any

import pytest

from casekeep.http.security_headers import SecurityHeaders

Header = tuple[bytes, bytes]


async def headers_after(*given: Header) -> dict[bytes, bytes]:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(given)})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message: Any) -> None:
        sent.append(message)

    await SecurityHeaders(app)({"type": "http"}, None, send)  # type: ignore[arg-type]
    assert len(sent[0]["headers"]) == len(dict(sent[0]["headers"])), "a field came twice"
    assert sent[1] == {"type": "http.response.body", "body": b"x"}
    return dict(sent[0]["headers"])


async def test_an_answer_with_data_shows_and_keeps_nothing() -> None:
    assert await headers_after((b"content-type", b"application/json")) == {
        b"content-type": b"application/json",
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"no-referrer",
        b"x-frame-options": b"DENY",
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-origin",
        b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
        b"cache-control": b"no-store",
    }


async def test_a_page_may_load_its_own_parts() -> None:
    headers = await headers_after((b"Content-Type", b"text/html; charset=utf-8"))
    assert headers[b"content-security-policy"].startswith(b"default-src 'self'; object-src 'none'")


async def test_an_answer_with_an_etag_is_asked_for_again() -> None:
    assert (await headers_after((b"ETag", b'"x"')))[b"cache-control"] == b"private, no-cache"


@pytest.mark.parametrize(
    "own",
    [
        (b"Cache-Control", b"public, max-age=31536000, immutable"),
        (b"content-security-policy", b"default-src 'none'; sandbox"),
        (b"X-Frame-Options", b"SAMEORIGIN"),
    ],
)
async def test_what_an_edge_set_itself_stays(own: Header) -> None:
    assert (await headers_after(own))[own[0].lower()] == own[1]
