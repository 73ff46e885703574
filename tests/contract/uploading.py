"""The refusals of resumable uploads, which both contracts have in common: how to come by each, so
that each edge compares its own words for it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx

from casekeep.blobs.local import LocalStore
from casekeep.files.quotas import Allowed, Quotas
from casekeep.files.receiving import Receiving
from casekeep.http.house import House
from tests.support.clinician import PDF
from tests.support.house import MIB
from tests.support.tus import BYTES, VERSION, Sender

BIG = PDF + bytes(MIB)
PROGRAM = b"MZ" + bytes(100_000)


async def begun(sender: Sender, said: object, content: bytes = BIG) -> str:
    """The address of a new upload."""
    answer = await sender.begin(len(content), said=said)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def refused_parts(sender: Sender, url: str) -> dict[str, httpx.Response]:
    """Everything that the next bytes of an upload can be refused with, and leave it as it was."""
    return {
        "upload-absent-404": await sender.send(f"{sender.path}/{uuid4()}", 0, b"x"),
        "upload-offset-409": await sender.send(url, 5, b"x"),
        "upload-no-method-405": await sender.client.post(
            url, headers={**sender.headers, **VERSION}
        ),
        "upload-version-412": await sender.send(url, 0, b"x", Tus_Resumable="0.2.2"),
        "upload-long-413": await sender.send(url, 0, BIG + b"x"),
        "upload-type-415": await sender.send(url, 0, b"x", Content_Type="text/plain"),
        "upload-busy-423": await busy(sender, url),
        "upload-checksum-460": await sender.send(url, 0, b"x", Upload_Checksum="sha1 AAAA"),
        "upload-checksum-400": await sender.send(url, 0, b"x", Upload_Checksum="md5 AAAA"),
        "upload-no-offset-400": await sender.client.patch(
            url,
            headers={**sender.headers, **VERSION, **BYTES},
            content=b"x",
        ),
    }


async def refused_beginnings(sender: Sender) -> dict[str, httpx.Response]:
    """Uploads that are not begun."""
    return {
        "upload-empty-400": await sender.begin(0, said={"filename": "scan.pdf"}),
        "upload-large-413": await sender.begin(5 * MIB, said={"filename": "scan.pdf"}),
        "upload-length-400": await sender.begin(1, Upload_Defer_Length="1"),
        "upload-metadata-400": await sender.begin(1, Upload_Metadata="filename ???"),
        "upload-begin-version-412": await sender.begin(1, Tus_Resumable="0.2.2"),
    }


async def busy(sender: Sender, url: str) -> httpx.Response:
    """The answer to bytes while another request has the upload in hand, which then breaks off."""
    taken, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        taken.set()  # a body is asked for once the upload is in hand
        await go_on.wait()
        yield b""

    first = asyncio.create_task(sender.send(url, 0, slowly()))
    await taken.wait()
    answer = await sender.send(url, 0, b"x")
    go_on.set()
    await first
    return answer


def with_one_upload(house: House) -> House:
    """The same house, where a user may have one unfinished upload."""
    limits = replace(house.uploads.limits, user=Allowed(count=1))
    return replace(house, uploads=replace(house.uploads, limits=limits))


def with_one_file(house: House) -> House:
    """The same house, where a user may keep one file."""
    quotas, kit = Quotas(user=Allowed(count=1)), house.uploads
    receiving = Receiving(
        house.db, house.blobs, house.audit, house.limits, kit.receiver, kit.clock, quotas
    )
    limits = replace(kit.limits, quotas=quotas)
    return replace(house, receiving=receiving, uploads=replace(kit, limits=limits))


@asynccontextmanager
async def without_a_store(house: House, folder: Path) -> AsyncIterator[House]:
    """The same house, whose blobs are to lie in `folder`, which is none."""
    (folder / "blobs").write_bytes(b"not a folder")
    blobs, kit = LocalStore(folder / "blobs"), house.uploads
    receiving = Receiving(house.db, blobs, house.audit, house.limits, kit.receiver, kit.clock)
    uploads = replace(kit, blobs=blobs, receiving=receiving)
    yield replace(house, blobs=blobs, receiving=receiving, uploads=uploads)
    await receiving.close()
