"""Forms as a stream: however they are cut into pieces, whatever is wrong with them."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.http.patience import in_time
from casekeep.http.uploads import FIELD_LIMIT, body_chunks, parts
from casekeep.kernel.errors import InputNotValid, UploadBroken
from tests.http.asgi import chunked, receiving, serving

BOUNDARY = "----formBoundary7MA4"
FORM = f"multipart/form-data; boundary={BOUNDARY}"

Read = tuple[str, str | None, str | None, bytes]


def part(head: str, content: bytes = b"") -> bytes:
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


def field(name: str, content: bytes) -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', content)


def file(name: str, filename: str, content: bytes, media_type: str = "application/pdf") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
    return part(f"{disposition}\r\nContent-Type: {media_type}", content)


END = f"--{BOUNDARY}--\r\n".encode()


async def read(pieces: Iterable[bytes], content_type: str = FORM) -> list[Read]:
    return [
        (each.name, each.filename, each.content_type, b"".join([c async for c in each.chunks]))
        async for each in parts(chunked(pieces), content_type)
    ]


TRICKY = b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\r\n--\r\n\r\n--" + BOUNDARY[:5].encode() + b"\r"
WHOLE = (
    field("case_id", b"12345")
    + file("file", "Röntgen.pdf", TRICKY)
    + file("file", "", b"", "application/octet-stream")
    + field("file", b"")
    + END
)
EXPECTED: list[Read] = [
    ("case_id", None, None, b"12345"),
    ("file", "Röntgen.pdf", "application/pdf", TRICKY),
    ("file", "", "application/octet-stream", b""),
    ("file", None, None, b""),
]


async def test_cut_at_every_byte_the_form_is_the_same() -> None:
    for cut in range(len(WHOLE) + 1):
        assert await read([WHOLE[:cut], WHOLE[cut:]]) == EXPECTED


async def test_byte_by_byte_the_form_is_the_same() -> None:
    assert await read(WHOLE[at : at + 1] for at in range(len(WHOLE))) == EXPECTED


async def test_ended_at_any_byte_the_form_is_broken() -> None:
    for length in range(len(WHOLE) - 2):  # the last line break is not needed
        with pytest.raises(UploadBroken):
            await read([WHOLE[:length]])


contents = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", BOUNDARY.encode(), b"\r\n", b"x", b"\0\xff"]),
    max_size=12,
).map(b"".join)


@given(st.lists(contents, max_size=4), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_any_content_in_any_pieces_comes_through(bodies: list[bytes], steps: list[int]) -> None:
    bodies = [body for body in bodies if b"\r\n--" + BOUNDARY.encode() not in b"\r\n" + body]
    form = b"".join(file(f"f{n}", f"{n}.bin", body) for n, body in enumerate(bodies)) + END
    pieces, at = [], 0
    while at < len(form):
        step = steps[len(pieces) % len(steps)]
        pieces.append(form[at : at + step])
        at += step
    assert [each[3] for each in asyncio.run(read(pieces))] == bodies


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(noise: bytes, header: bytes) -> None:
    form = field("a", noise) + b"--" + BOUNDARY.encode() + b"\r\n" + header + b"\r\n\r\nx" + noise
    for body in (noise, form, form + END):
        try:
            asyncio.run(read([body]))
        except UploadBroken as broken:
            words = str(broken)  # either outcome is right; the parser's own words never are
            assert words.startswith(("The form", "The upload"))


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        'multipart/form-data; boundary="a\x01b"',
        f"multipart/form-data; boundary={'x' * 201}",
        f"multipart/mixed; boundary={BOUNDARY}",
    ],
)
async def test_a_form_without_a_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(UploadBroken, match="must be multipart/form-data"):
        await read([WHOLE], content_type)


async def test_the_boundary_may_be_quoted() -> None:
    assert await read([WHOLE], f'Multipart/Form-Data; charset=utf-8; Boundary="{BOUNDARY}"')


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: text/plain",
        'Content-Disposition: attachment; name="x"',
        "Content-Disposition: form-data",
        'Content-Disposition: form-data; name="x',
        'Content-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="y"',
        'Content-Disposition: form-data; name="x"\r\nno colon',
        'Content-Disposition: form-data; name="x"\nX: bare line feed',
        'Content-Disposition: form-data; name="x"\r\nContent-Length: 99',
        'Content-Disposition: form-data; name="x"\r\nContent-Length: -1',
    ],
)
async def test_a_part_with_a_broken_head_is_refused(head: str) -> None:
    with pytest.raises(UploadBroken):
        await read([part(head, b"content") + END])


@pytest.mark.parametrize(
    "head",
    [
        f'Content-Disposition: form-data; name="{"x" * 9000}"',
        'Content-Disposition: form-data; name="x"' + "\r\nX-More: y" * 17,
        "x" * 9000,
    ],
)
async def test_a_part_with_an_endless_head_is_refused(head: str) -> None:
    with pytest.raises(UploadBroken, match="too long"):
        await read([part(head, b"content") + END])


async def test_thousands_of_parts_are_refused() -> None:
    assert len(await read([field("x", b"1") * 1000 + END])) == 1000
    with pytest.raises(UploadBroken, match="too many parts"):
        await read([field("x", b"1") * 1001 + END])


@pytest.mark.parametrize("before", [b"", WHOLE])
async def test_endless_bytes_outside_of_parts_are_refused(before: bytes) -> None:
    with pytest.raises(UploadBroken, match="too long"):
        await read([before, *[b"x" * 65536] * 17])


async def test_a_preamble_and_an_epilogue_are_passed_over() -> None:
    assert await read([b"preamble\r\n", WHOLE, b"epilogue"]) == EXPECTED


async def test_a_form_without_parts_is_empty() -> None:
    assert await read([END]) == []


async def test_what_is_left_unread_is_passed_over() -> None:
    names = []
    async for each in parts(chunked([WHOLE[:150], WHOLE[150:]]), FORM):
        names.append(each.name)
        if each.filename:
            assert await anext(each.chunks)
    assert names == ["case_id", "file", "file", "file"]


async def test_a_part_that_was_left_never_gives_the_bytes_of_the_next() -> None:
    form = parts(chunked([WHOLE]), FORM)
    first, second = await anext(form), await anext(form)
    assert [chunk async for chunk in first.chunks] == []
    assert b"".join([chunk async for chunk in second.chunks]) == TRICKY
    await form.aclose()


async def test_after_an_error_a_file_never_looks_whole() -> None:
    form = parts(chunked([file("f", "a.pdf", b"half")[:-2]]), FORM)
    each = await anext(form)
    for _ in range(2):
        with pytest.raises(UploadBroken):
            [chunk async for chunk in each.chunks]


async def text_of(content: bytes, limit: int = FIELD_LIMIT) -> str:
    async for each in parts(chunked([field("note", content) + END]), FORM):
        return await each.text(limit)
    raise AssertionError("no part")


async def test_text_is_utf_8_within_its_limit() -> None:
    assert await text_of("Grüße 胸".encode()) == "Grüße 胸"
    assert await text_of(b"x" * FIELD_LIMIT) == "x" * FIELD_LIMIT
    for content in (b"x" * (FIELD_LIMIT + 1), b"\xff", b"a\0b"):
        with pytest.raises(InputNotValid, match="The field note"):
            await text_of(content)


async def test_an_urlencoded_form_is_a_form_too() -> None:
    urlencoded = "application/x-www-form-urlencoded; charset=UTF-8"
    body = [b"patient_name=J%C3%BC", b"rgen+K&empty=&case_id=7"]
    assert await read(body, urlencoded) == [
        ("patient_name", None, None, "Jürgen K".encode()),
        ("empty", None, None, b""),
        ("case_id", None, None, b"7"),
    ]
    assert await read([], urlencoded) == []
    for hostile in (b"a=1&" * 1001, b"a=" + b"x" * (1 << 20), b"a=\xff"):
        with pytest.raises(UploadBroken):
            await read([hostile], urlencoded)


def piece(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def chunks_of(*messages: dict[str, Any]) -> list[bytes]:
    return [chunk async for chunk in body_chunks(in_time(receiving(*messages), 0.05))]


async def test_a_body_is_its_pieces_until_the_last() -> None:
    body = [piece(b"a"), piece(b""), piece(b"b"), piece(b"c", more=False)]
    assert await chunks_of(*body) == [b"a", b"b", b"c"]
    assert await chunks_of({"type": "http.request"}) == []


async def test_a_client_that_goes_or_stalls_breaks_the_upload() -> None:
    with pytest.raises(UploadBroken, match="ended early"):
        await chunks_of(piece(b"a"), {"type": "http.disconnect"})
    with pytest.raises(UploadBroken, match="stalled"):
        await chunks_of(piece(b"a"))


async def outcome_of_raw_upload(sent: bytes, *, leave: bool) -> str:
    """What the application saw when a real client sent `sent` and then left, or kept still."""
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    got_some = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            async for each in parts(body_chunks(in_time(receive, 0.2)), FORM):
                async for _ in each.chunks:
                    got_some.set()
            outcome.set_result("whole")
        except UploadBroken as broken:
            outcome.set_result(str(broken))
        await send({"type": "http.response.start", "status": 400, "headers": []})
        await send({"type": "http.response.body"})

    async with serving(app) as (host, port):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n" + sent)
        await got_some.wait()
        if leave:
            writer.transport.abort()
        result = await outcome
        writer.close()
        return result


async def test_a_real_client_that_vanishes_breaks_the_upload() -> None:
    sent = file("f", "a.pdf", b"%PDF-")[:-2]
    assert await outcome_of_raw_upload(sent, leave=True) == "The upload ended early"


async def test_a_real_client_that_stalls_breaks_the_upload() -> None:
    sent = file("f", "a.pdf", b"%PDF-")[:-2]
    assert await outcome_of_raw_upload(sent, leave=False) == "The upload stalled"
