"""Answers that are a file: validators, ranges and digests, as plain ASGI so that every edge can
send one. It decides nothing about who may read, and stops reading when the client goes away.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from casekeep.files.model import StoredFile

from .asgi import Receive, Scope, Send
from .conditions import Verdict, judge, range_applies
from .digests import digest_field, unwanted
from .dispositions import attachment
from .ranges import RangeNotSatisfiable, Span, requested_span
from .timestamps import http_date

Chunks = Callable[[int, int], AsyncGenerator[bytes, None]]
"""`length` bytes from offset `start`; closed early when the client goes away."""

# A file of a stranger is shown to nobody in our name: saved, never run, never framed.
_NEVER_RUN = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer, and the bytes to send after it, if any."""

    status: int
    headers: Mapping[str, str]
    span: Span | None


def entity_tag(file: StoredFile) -> str:
    """A strong validator (RFC 9110, section 8.8.3), with its quotes."""
    return f'"{file.sha256.hex()}"'


def answer_for(scope: Scope, file: StoredFile) -> Answer:
    """What a GET or HEAD of `file` is to be answered with. An answer without a span gives out no
    byte of the file.
    """
    fields, etag = _fields(scope), entity_tag(file)
    verdict = judge(fields, etag, file.created_at.replace(microsecond=0))
    if verdict is not Verdict.PROCEED:
        return Answer(verdict.value, _validators(file), None)
    is_get = scope["method"] == "GET"
    span = None
    try:
        if is_get and "range" in fields and range_applies(fields, etag, file.created_at):
            span = requested_span(fields["range"], file.size)
    except RangeNotSatisfiable:
        refused = {"content-range": f"bytes */{file.size}", "content-length": "0"}
        return Answer(416, _validators(file) | refused, None)
    head = _validators(file) | _representation(file)
    if not unwanted(fields.get("want-repr-digest")):
        head["repr-digest"] = digest_field(file.sha256)
    if span is not None:
        part = f"bytes {span.start}-{span.last}/{file.size}"
        return Answer(206, head | {"content-range": part, "content-length": str(span.length)}, span)
    whole = {"content-length": str(file.size)}
    if not is_get:
        return Answer(200, head | whole, None)
    return Answer(
        200, head | whole | {"content-digest": digest_field(file.sha256)}, Span(0, file.size)
    )


def zip_answer(name: str, size: int) -> Answer:
    """What a ZIP of `size` bytes, made while it is sent, is announced with; it is saved as `name`
    and kept by no cache.
    """
    headers = {
        "content-type": "application/zip",
        "content-length": str(size),
        "content-disposition": attachment(name),
        "cache-control": "private, no-store",
        **_NEVER_RUN,
    }
    return Answer(200, headers, Span(0, size))


async def send_answer(answer: Answer, receive: Receive, send: Send, chunks: Chunks) -> None:
    """Send `answer` with the bytes that `chunks` reads. What goes wrong before the first byte is
    raised before anything is sent, so that an edge can still answer with an error.
    """
    if answer.span is None or not answer.span.length:
        await _start(send, answer)
        await send({"type": "http.response.body"})
        return
    left = answer.span.length
    async with aclosing(chunks(answer.span.start, left)) as stream, _watching(receive) as gone:
        async for chunk in stream:
            if left == answer.span.length:
                await _start(send, answer)
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
            if gone.is_set():
                return


async def send_file(
    scope: Scope, receive: Receive, send: Send, file: StoredFile, chunks: Chunks
) -> None:
    """Answer a GET or HEAD of `file`."""
    await send_answer(answer_for(scope, file), receive, send, chunks)


@asynccontextmanager
async def _watching(receive: Receive) -> AsyncGenerator[asyncio.Event, None]:
    """An event that is set once the client has gone: servers swallow what is sent after that."""
    gone = asyncio.Event()

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    watcher = asyncio.create_task(watch())
    try:
        yield gone
    finally:
        watcher.cancel()


async def _start(send: Send, answer: Answer) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


def _fields(scope: Scope) -> dict[str, str]:
    """Header fields by lower-case name; a field given twice is one list (RFC 9110, section 5.3)."""
    fields: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _validators(file: StoredFile) -> dict[str, str]:
    return {
        "etag": entity_tag(file),
        "last-modified": http_date(file.created_at),
        "cache-control": "private, no-cache",
        "accept-ranges": "bytes",
    }


def _representation(file: StoredFile) -> dict[str, str]:
    return {
        "content-type": file.media_type,
        "content-disposition": attachment(file.name),
        **_NEVER_RUN,
    }
