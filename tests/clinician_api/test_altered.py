"""Files whose bytes were altered on the disk: whoever downloads one gets an error or an answer that
breaks off, and never a byte of what was altered. The log says which file, and no name.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from casekeep.blobs.local import LocalStore
from casekeep.blobs.sealing.segments import SEGMENT, room_in
from casekeep.http.house import House
from tests.http.asgi import serving
from tests.support.clinician import PDF, open_case, whole_server
from tests.support.house import MIB, SignedIn, signed_in_clinician

NAME = "Jane Doe's biopsy.pdf"
LARGE = PDF + bytes(range(256)) * (MIB * 7 // 4 // 256)


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole server on a port, where an answer can break off."""
    async with (
        serving(whole_server(house)) as (host, port),
        httpx.AsyncClient(base_url=f"http://{host}:{port}") as client,
    ):
        yield client


async def kept(
    client: httpx.AsyncClient, house: House, caller: SignedIn, content: bytes
) -> tuple[str, Path]:
    """The URL of a new file, and where it lies."""
    made = await open_case(client, caller.headers, ("radiology_files", NAME, content))
    store = house.blobs.store
    assert isinstance(store, LocalStore)
    folder = store.root / str(caller.organization_id)
    [path] = [each for each in folder.rglob("*") if each.is_file()]
    return "/" + made["uploaded_files"][0]["file_url"], path


def flip(path: Path, place: int) -> None:
    lying = bytearray(path.read_bytes())
    lying[place] ^= 1
    path.write_bytes(lying)


@pytest.mark.parametrize("place", [0, 20, 60, -1])
async def test_a_small_file_is_an_error(
    client: httpx.AsyncClient, house: House, caller: SignedIn, place: int
) -> None:
    url, path = await kept(client, house, caller, PDF)
    assert (await client.get(url, headers=caller.headers)).content == PDF
    flip(path, place)
    with capture_logs() as logged:
        answer = await client.get(url, headers=caller.headers)
    assert answer.status_code == 500
    assert PDF[9:40] not in answer.content
    [told] = [line for line in logged if line["event"] == "blob.altered"]
    assert told["file_id"] == path.name
    assert "Jane" not in str(logged)
    assert "biopsy" not in str(logged)


async def test_a_large_file_breaks_off_before_what_was_altered(
    client: httpx.AsyncClient, house: House, caller: SignedIn
) -> None:
    url, path = await kept(client, house, caller, LARGE)
    flip(path, SEGMENT + 5)
    got = bytearray()

    async def download() -> None:
        async with client.stream("GET", url, headers=caller.headers) as answer:
            assert answer.status_code == 200
            async for piece in answer.aiter_raw():
                got.extend(piece)

    with pytest.raises(httpx.RemoteProtocolError):
        await download()
    assert got == LARGE[: room_in(0)]
    # What lies before it is still read by its own; what lies in it is not.
    for part, status in (("bytes=5-99", 206), (f"bytes={room_in(0)}-", 500)):
        answer = await client.get(url, headers={**caller.headers, "range": part})
        assert answer.status_code == status


async def test_ranges_of_a_sealed_file_are_its_slices(
    client: httpx.AsyncClient, house: House, caller: SignedIn
) -> None:
    url, _ = await kept(client, house, caller, LARGE)
    edge, size = room_in(0), len(LARGE)
    for start, last in [(0, 0), (edge - 1, edge), (edge, size - 1), (7, size - 2)]:
        field = {"range": f"bytes={start}-{last}"}
        answer = await client.get(url, headers={**caller.headers, **field})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {start}-{last}/{size}"
        assert answer.content == LARGE[start : last + 1]


async def test_a_file_cut_off_on_the_disk_is_an_error(
    client: httpx.AsyncClient, house: House, caller: SignedIn
) -> None:
    url, path = await kept(client, house, caller, PDF)
    path.write_bytes(path.read_bytes()[:-1])
    assert (await client.get(url, headers=caller.headers)).status_code == 500
