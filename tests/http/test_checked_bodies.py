"""A body is compared with its Content-Digest while it streams, and its end is not handed on if it
is another.
"""

import hashlib
from typing import Any

import pytest

from casekeep.http.checked_bodies import CheckedBodies
from casekeep.http.digests import digest_field
from casekeep.kernel.errors import DigestMismatch, InputNotValid

PIECES = [b"first ", b"second ", b"third"]
WHOLE = b"".join(PIECES)


async def read(*digests: str, pieces: list[bytes] = PIECES) -> list[bytes]:
    """What an application reads of a body that came with these Content-Digest lines."""
    messages = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]
    got: list[bytes] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            got.append(message["body"])

    async def send(message: Any) -> None:
        raise AssertionError

    headers = [(b"content-digest", each.encode()) for each in digests]
    try:
        await CheckedBodies(app)({"type": "http", "headers": headers}, receive, send)
    except DigestMismatch:
        assert got == pieces[:-1], "the last piece is withheld, and no other"
        raise
    return got


async def test_a_body_that_is_as_it_says_is_read_whole() -> None:
    assert await read(digest_field(hashlib.sha256(WHOLE).digest())) == PIECES
    assert await read("sha-512=:AAAA:") == PIECES
    assert await read() == PIECES


@pytest.mark.parametrize("at", range(len(WHOLE)))
async def test_one_other_byte_is_found(at: int) -> None:
    other = bytes([*WHOLE[:at], WHOLE[at] ^ 1, *WHOLE[at + 1 :]])
    with pytest.raises(DigestMismatch):
        await read(digest_field(hashlib.sha256(WHOLE).digest()), pieces=[other[:9], other[9:]])


async def test_what_is_no_digest_is_refused_before_the_body_is_read() -> None:
    with pytest.raises(InputNotValid):
        await read("sha-256=nonsense, ")


async def test_an_empty_body_has_a_digest_too() -> None:
    nothing = digest_field(hashlib.sha256().digest())
    assert await read(nothing, pieces=[b""]) == [b""]
    with pytest.raises(DigestMismatch):
        await read(nothing)
