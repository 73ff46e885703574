"""Files as a real client gets them: over a real server, from a real store."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import CHUNK, BlobKey, BlobMissing
from casekeep.files.model import Category, StoredFile
from casekeep.http.dispositions import read_disposition
from casekeep.http.downloads import answer_for, send_file
from casekeep.kernel.ids import FileId, OrganizationId, new_id
from tests.blobs.contract import keep, some_bytes
from tests.http.asgi import receiving, serving

CONTENT = some_bytes(2 * CHUNK + 12_345)
STORED_AT = datetime(2026, 3, 4, 10, 30, 15, 123_456, tzinfo=UTC)
LAST_MODIFIED = "Wed, 04 Mar 2026 10:30:15 GMT"


def stored_file(content: bytes = CONTENT, name: str = "report.pdf") -> StoredFile:
    return StoredFile(
        id=FileId(new_id()),
        organization_id=OrganizationId(new_id()),
        case_id=None,
        case_number=None,
        patient_id=None,
        name=name,
        url_path="documents/x",
        media_type="application/pdf",
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
        category=Category.LAB,
        is_phi=True,
        is_restricted=False,
        uploaded_by=None,
        created_at=STORED_AT,
    )


class Shelf:
    """An application that serves one file from a store, and notes how it was read."""

    def __init__(self, root: Path, file: StoredFile) -> None:
        self.store = LocalStore(root)
        self.file = file
        self.reads: list[tuple[int, int]] = []
        self.pieces = 0
        self.closed = asyncio.Event()

    @property
    def key(self) -> BlobKey:
        return BlobKey(self.file.organization_id, self.file.id)

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes, None]:
        self.reads.append((start, length))
        try:
            async for piece in self.store.read(self.key, start, length):
                self.pieces += 1
                yield piece
        finally:
            self.closed.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send_file(scope, receive, send, self.file, self.read)


@pytest.fixture
async def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path, stored_file())
    await keep(shelf.store, shelf.key, CONTENT)
    return shelf


async def get(shelf: Shelf, method: str = "GET", **fields: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    async with serving(shelf) as (host, port), httpx.AsyncClient() as client:
        return await client.request(method, f"http://{host}:{port}/x", headers=headers)


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


async def test_the_whole_file_with_all_it_takes_to_check_it(shelf: Shelf) -> None:
    answer = await get(shelf)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    told = dict(answer.headers)
    del told["date"], told["server"]
    assert told == {
        "content-type": "application/pdf",
        "content-length": str(len(answer.content)),
        "content-disposition": 'attachment; filename="report.pdf"',
        "content-digest": digest(answer.content),
        "repr-digest": digest(answer.content),
        "etag": f'"{hashlib.sha256(answer.content).hexdigest()}"',
        "last-modified": LAST_MODIFIED,
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
    }
    assert shelf.reads == [(0, len(CONTENT))]


async def test_head_tells_the_same_and_reads_nothing(shelf: Shelf) -> None:
    whole, head = await get(shelf), await get(shelf, "HEAD", Range="bytes=0-9")
    assert head.status_code == 200
    assert head.content == b""
    only_with_content = {"content-digest", "date"}
    assert {k: v for k, v in head.headers.items() if k not in only_with_content} == {
        k: v for k, v in whole.headers.items() if k not in only_with_content
    }
    assert len(shelf.reads) == 1


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-1048675", 100, 1_048_676),
        ("bytes=1048575-1048577", CHUNK - 1, CHUNK + 2),
        ("bytes=-5", len(CONTENT) - 5, len(CONTENT)),
        ("bytes=2000000-", 2_000_000, len(CONTENT)),
        ("bytes=0-", 0, len(CONTENT)),
    ],
)
async def test_a_range_is_that_part(shelf: Shelf, asked: str, start: int, stop: int) -> None:
    answer = await get(shelf, Range=asked)
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:stop]
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(stop - start)
    assert answer.headers["repr-digest"] == digest(CONTENT)
    assert "content-digest" not in answer.headers
    assert shelf.reads == [(start, stop - start)]


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=5-4", "lines=1-2", "bytes=x"])
async def test_several_ranges_or_junk_mean_the_whole(shelf: Shelf, asked: str) -> None:
    answer = await get(shelf, Range=asked)
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_a_range_field_given_twice_means_the_whole(shelf: Shelf) -> None:
    fields = [("Range", "bytes=0-1"), ("Range", "bytes=4-5")]
    async with serving(shelf) as (host, port), httpx.AsyncClient() as client:
        answer = await client.get(f"http://{host}:{port}/x", headers=fields)
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_a_range_outside_of_the_file_is_416(shelf: Shelf) -> None:
    answer = await get(shelf, Range=f"bytes={len(CONTENT)}-")
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"
    assert shelf.reads == []


async def test_if_range_keeps_two_versions_apart(shelf: Shelf) -> None:
    etag = (await get(shelf, "HEAD")).headers["etag"]
    for condition in (etag, LAST_MODIFIED):
        assert (await get(shelf, Range="bytes=0-1", If_Range=condition)).status_code == 206
    for condition in (f"W/{etag}", '"other"', "Wed, 04 Mar 2026 10:30:16 GMT"):
        answer = await get(shelf, Range="bytes=0-1", If_Range=condition)
        assert (answer.status_code, len(answer.content)) == (200, len(CONTENT))


async def test_what_the_client_has_is_not_sent_again(shelf: Shelf) -> None:
    etag = (await get(shelf, "HEAD")).headers["etag"]
    for fields in ({"If_None_Match": etag}, {"If_Modified_Since": LAST_MODIFIED}):
        for method in ("GET", "HEAD"):
            answer = await get(shelf, method, Range="bytes=0-1", **fields)
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == etag
            assert answer.headers["cache-control"] == "private, no-cache"
            assert "content-length" not in answer.headers
    assert shelf.reads == []


async def test_a_precondition_that_fails_is_412(shelf: Shelf) -> None:
    answer = await get(shelf, If_Match='"other"')
    assert (answer.status_code, answer.content) == (412, b"")
    assert shelf.reads == []


@pytest.mark.parametrize(
    "name",
    ["Röntgen Thorax.pdf", "胸部レントゲン.pdf", 'say "hi" 100%.pdf', "a\\b;c.pdf", "🩻.png"],
)
async def test_any_name_can_be_read_back(shelf: Shelf, name: str) -> None:
    shelf.file = replace(shelf.file, name=name)
    field = (await get(shelf, "HEAD")).headers["content-disposition"]
    read = read_disposition(field)
    assert read is not None
    assert (read.kind, read.filename) == ("attachment", name)
    assert field.isascii()


async def test_an_empty_file_is_an_empty_answer(shelf: Shelf) -> None:
    shelf.file = stored_file(b"")
    for asked in ({}, {"Range": "bytes=-5"}):
        answer = await get(shelf, **asked)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-digest"] == digest(b"")
    assert (await get(shelf, Range="bytes=0-")).status_code == 416
    assert shelf.reads == []


async def test_reading_stops_when_the_client_goes_away(tmp_path: Path) -> None:
    content = bytes(64 * CHUNK)
    shelf = Shelf(tmp_path, stored_file(content))
    await keep(shelf.store, shelf.key, content)
    async with serving(shelf) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readexactly(CHUNK)
        writer.transport.abort()
        await shelf.closed.wait()
    assert 0 < shelf.pieces < 64


async def test_bytes_that_are_missing_are_told_before_any_head(shelf: Shelf) -> None:
    await shelf.store.delete(shelf.key)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "headers": []}
    with pytest.raises(BlobMissing):
        await send_file(scope, receiving(), send, shelf.file, shelf.read)
    assert sent == []


def test_what_an_answer_gives_out_is_known_beforehand() -> None:
    file = stored_file()
    for method, fields, gives_bytes in [
        ("GET", [], True),
        ("GET", [(b"range", b"bytes=0-1")], True),
        ("HEAD", [], False),
        ("GET", [(b"if-none-match", b"*")], False),
        ("GET", [(b"range", b"bytes=99999999-")], False),
    ]:
        answer = answer_for({"method": method, "headers": fields}, file)
        assert (answer.span is not None) is gives_bytes
