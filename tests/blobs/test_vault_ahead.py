"""The vault does two things at once: it takes bytes while others are written, and opens bytes while
others are sent, in bounded memory; what goes wrong meanwhile is told, and leaves nothing.
"""

import asyncio
import hashlib
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from casekeep.blobs.local import LocalStore
from casekeep.blobs.sealing.segments import SEGMENT
from casekeep.blobs.store import BlobKey, BlobWriter, StoreUnavailable, Written
from casekeep.blobs.vault import Vault
from tests.blobs.contract import fresh_key, keep, keys_of, read_all, some_bytes
from tests.blobs.keys import KeysInMemory


@pytest.fixture
def raw(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "blobs")


@pytest.fixture
def keys() -> KeysInMemory:
    return KeysInMemory()


class Gated(LocalStore):
    """Takes no bytes while its gate is shut; counts those that came through."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = asyncio.Event()
        self.arrived = asyncio.Event()
        self.hashed: list[bool] = []

    @asynccontextmanager
    async def receive(
        self, key: BlobKey, *, hashed: bool = True
    ) -> AsyncGenerator["GatedWriter", None]:
        self.hashed.append(hashed)
        async with super().receive(key, hashed=hashed) as writer:
            yield GatedWriter(writer, self)


class GatedWriter:
    """The writer of a Gated."""

    def __init__(self, writer: BlobWriter, store: Gated) -> None:
        self._writer = writer
        self._store = store

    @property
    def size(self) -> int:
        return self._writer.size

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        self._store.arrived.set()
        await self._store.gate.wait()
        await self._writer.write(data)

    async def finish(self) -> Written:
        return await self._writer.finish()


async def test_while_one_segment_is_written_one_is_sealed_and_one_taken(
    tmp_path: Path, keys: KeysInMemory
) -> None:
    raw, key, piece = Gated(tmp_path / "blobs"), fresh_key(), some_bytes(SEGMENT)
    async with Vault(raw, keys).receive(key) as writer:
        await writer.write(piece)  # a segment, and the first bytes of the next
        await raw.arrived.wait()
        await writer.write(piece)  # which is sealed while the first is written
        await writer.write(piece[200:])  # the third is not full with these: they wait for nobody
        held_back = asyncio.create_task(writer.write(piece))
        await asyncio.wait([held_back], timeout=0.1)
        assert not held_back.done()
        raw.gate.set()
        await held_back
        written = await writer.finish()
    keys.record(key, written)
    content = piece + piece + piece[200:] + piece
    assert written.sha256 == hashlib.sha256(content).digest()
    assert await read_all(Vault(raw, keys), key, 0, len(content)) == content


@pytest.mark.parametrize("size", [1 << 16, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT])
async def test_the_pieces_in_which_bytes_come_make_no_difference(
    raw: LocalStore, keys: KeysInMemory, size: int
) -> None:
    key, content = fresh_key(), some_bytes(3 * SEGMENT + 5)
    pieces = [bytearray(content[at : at + size]) for at in range(0, len(content), size)]
    async with Vault(raw, keys).receive(key) as writer:
        for piece in pieces:
            await writer.write(piece)
            piece[:] = bytes(len(piece))  # a piece is its owner's again
        written = await writer.finish()
    keys.record(key, written)
    assert written.sha256 == hashlib.sha256(content).digest()
    assert await read_all(Vault(raw, keys), key, 0, len(content)) == content


async def test_nothing_is_taken_ahead_while_all_threads_have_other_bytes_to_seal(
    raw: LocalStore, keys: KeysInMemory
) -> None:
    vault = Vault(raw, keys, threads=1)
    other_begun, other_may_end = threading.Event(), threading.Event()

    def seal_for_long() -> None:
        other_begun.set()
        other_may_end.wait(10)

    other = asyncio.create_task(vault._threads.run(seal_for_long))
    await asyncio.to_thread(other_begun.wait)
    async with vault.receive(fresh_key()) as writer:
        held_back = asyncio.create_task(writer.write(some_bytes(SEGMENT)))
        await asyncio.wait([held_back], timeout=0.1)
        assert not held_back.done()
        other_may_end.set()
        await held_back
        await other
        await writer.finish()


async def test_whoever_leaves_while_a_segment_is_written_leaves_nothing(
    tmp_path: Path, keys: KeysInMemory
) -> None:
    raw, key = Gated(tmp_path / "blobs"), fresh_key()

    async def upload() -> None:
        async with Vault(raw, keys).receive(key) as writer:
            await writer.write(some_bytes(3 * SEGMENT))
            await raw.arrived.wait()
            raise ConnectionResetError

    leaving = asyncio.create_task(upload())
    await raw.arrived.wait()
    raw.gate.set()
    with pytest.raises(ConnectionResetError):
        await leaving
    assert await keys_of(raw) == set()


async def test_a_segment_that_could_not_be_written_fails_the_upload(
    tmp_path: Path, keys: KeysInMemory
) -> None:
    raw, key = Gated(tmp_path / "blobs"), fresh_key()
    async with raw.receive(key) as other:  # its place is taken, which the first bytes will find out
        raw.gate.set()
        await other.write(some_bytes(SEGMENT))
        with pytest.raises(StoreUnavailable):
            await keep(Vault(raw, keys), key, *[some_bytes(SEGMENT)] * 4)
        await other.finish()
    assert await raw.size(key) == SEGMENT


async def test_sealed_bytes_are_hashed_for_nobody(tmp_path: Path, keys: KeysInMemory) -> None:
    raw = Gated(tmp_path / "blobs")
    raw.gate.set()
    for sealing in (True, False):
        await keep(Vault(raw, keys, sealing=sealing), fresh_key(), b"content")
    assert raw.hashed == [False, True]


async def test_the_next_segment_is_opened_while_one_is_sent(
    tmp_path: Path, keys: KeysInMemory
) -> None:
    class Watched(LocalStore):
        handed_out = 0
        ahead = asyncio.Event()

        async def read(self, key: BlobKey, start: int, length: int) -> AsyncGenerator[bytes, None]:
            async for piece in super().read(key, start, length):
                self.handed_out += 1
                if self.handed_out > 1:
                    self.ahead.set()
                yield piece

    raw = Watched(tmp_path / "blobs")
    key = fresh_key()
    keys.record(key, await keep(Vault(raw, keys), key, some_bytes(5 * SEGMENT)))
    async with aclosing(Vault(raw, keys).read(key, 0, 5 * SEGMENT)) as content:
        await anext(content)
        async with asyncio.timeout(10):
            await raw.ahead.wait()
        assert raw.handed_out == 2
