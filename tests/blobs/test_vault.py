"""The vault against the contract of stores, and what only a vault has: what lies below is sealed,
and nothing that was altered is handed out.
"""

import asyncio
import random
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casekeep.blobs.local import LocalStore
from casekeep.blobs.sealing.segments import HEADER, SEGMENT, TAG, room_in, sealed_size
from casekeep.blobs.store import BlobAltered, BlobKey, BlobMissing
from casekeep.blobs.vault import Vault
from tests.blobs.contract import (
    BlobStoreContract,
    fresh_key,
    keep,
    keys_of,
    read_all,
    some_bytes,
)
from tests.blobs.keys import KeysInMemory

FIRST = room_in(0)


@pytest.fixture
def raw(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "blobs")


@pytest.fixture
def keys() -> KeysInMemory:
    return KeysInMemory()


@pytest.fixture
def store(raw: LocalStore, keys: KeysInMemory) -> Vault:
    return Vault(raw, keys)


def path_of(raw: LocalStore, key: BlobKey) -> Path:
    return raw._path(key)


async def kept(vault: Vault, keys: KeysInMemory, content: bytes) -> BlobKey:
    """A blob, with its seal recorded."""
    key = fresh_key()
    keys.record(key, await keep(vault, key, content))
    return key


class TestVault(BlobStoreContract):
    """The shared contract, sealed."""


class TestVaultThatDoesNotSeal(BlobStoreContract):
    """The shared contract, with sealing turned off."""

    @pytest.fixture
    def store(self, raw: LocalStore, keys: KeysInMemory) -> Vault:
        return Vault(raw, keys, sealing=False)


@pytest.mark.parametrize("size", [0, 1, FIRST - 1, FIRST, FIRST + 1, FIRST + SEGMENT, 3 * SEGMENT])
async def test_a_process_that_never_saw_it_reads_it_by_its_seal(
    raw: LocalStore, keys: KeysInMemory, size: int
) -> None:
    key, content = await kept(Vault(raw, keys), keys, some_bytes(size)), some_bytes(size)
    other = Vault(raw, keys)
    assert await other.size(key) == size
    assert await read_all(other, key, 0, size) == content
    assert await raw.size(key) == sealed_size(size)


async def test_what_lies_below_has_no_byte_of_it(
    store: Vault, raw: LocalStore, keys: KeysInMemory
) -> None:
    content = b"%PDF-1.7 a blood count of somebody " * 60_000
    key = await kept(store, keys, content)
    lying = path_of(raw, key).read_bytes()
    assert len(lying) == sealed_size(len(content))
    for start in range(0, len(content) - 16, 9973):
        assert content[start : start + 16] not in lying
    assert b"PDF" not in lying[:HEADER]


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    size=st.sampled_from([FIRST, FIRST + room_in(1)]).flatmap(
        lambda edge: st.integers(edge - 2, edge + 2)
    ),
    data=st.data(),
)
async def test_any_range_around_the_edges_is_the_slice(
    raw: LocalStore, keys: KeysInMemory, size: int, data: st.DataObject
) -> None:
    near = st.sampled_from([0, FIRST, FIRST + room_in(1), size]).flatmap(
        lambda edge: st.integers(edge - 3, edge + 3)
    )
    at = near.map(lambda place: min(max(place, 0), size))
    start, end = sorted((data.draw(at), data.draw(at)))
    content = some_bytes(size)
    key = await kept(Vault(raw, keys), keys, content)
    assert await read_all(Vault(raw, keys), key, start, end - start) == content[start:end]


class Recording(LocalStore):
    """Writes down what is read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: list[tuple[int, int]] = []

    def read(self, key: BlobKey, start: int, length: int):  # noqa: ANN201 - as the store's
        self.asked.append((start, length))
        return super().read(key, start, length)


async def test_a_range_reads_its_segments_and_no_others(tmp_path: Path, keys: KeysInMemory) -> None:
    raw = Recording(tmp_path / "blobs")
    vault = Vault(raw, keys)
    content = some_bytes(5 * SEGMENT)
    key = await kept(vault, keys, content)
    start = FIRST + room_in(1) - 5
    assert await read_all(vault, key, start, 10) == content[start : start + 10]
    assert raw.asked == [(0, HEADER), (SEGMENT, 2 * SEGMENT)]


SEGMENTED = FIRST + room_in(1) + 1000
"""A size of three segments."""

Spoil = Callable[[bytearray], None]


def flip(place: int) -> Spoil:
    def spoil(lying: bytearray) -> None:
        lying[place] ^= 1 << random.Random(place).randrange(8)

    return spoil


def cut(size: int) -> Spoil:
    def spoil(lying: bytearray) -> None:
        del lying[size:]

    return spoil


def swap(lying: bytearray) -> None:
    lying[SEGMENT : 2 * SEGMENT], lying[:SEGMENT] = lying[:SEGMENT], lying[SEGMENT : 2 * SEGMENT]


SPOILED = {
    "length of the header": (flip(0), 0),
    "salt": (flip(5), 0),
    "prefix of the nonces": (flip(HEADER - 1), 0),
    "first byte": (flip(HEADER), 0),
    "last byte of the first segment": (flip(SEGMENT - 1), 0),
    "first byte of the second segment": (flip(SEGMENT), FIRST),
    "tag of the second segment": (flip(2 * SEGMENT - TAG), FIRST),
    "third segment": (flip(2 * SEGMENT + 7), FIRST + room_in(1)),
    "last byte": (flip(-1), FIRST + room_in(1)),
    "cut off after two segments": (cut(2 * SEGMENT), FIRST + room_in(1)),
    "cut off within the second segment": (cut(SEGMENT + 9), FIRST),
    "last byte cut off": (cut(-1), FIRST + room_in(1)),
    "nothing left": (cut(0), 0),
    "two segments swapped": (swap, 0),
}


@pytest.mark.parametrize(("spoil", "most"), SPOILED.values(), ids=SPOILED)
async def test_what_was_altered_is_never_handed_out(
    raw: LocalStore, keys: KeysInMemory, spoil: Spoil, most: int
) -> None:
    content = some_bytes(SEGMENTED)
    key = await kept(Vault(raw, keys), keys, content)
    path = path_of(raw, key)
    lying = bytearray(path.read_bytes())
    spoil(lying)
    path.write_bytes(lying)
    given_out = bytearray()

    async def hand_out() -> None:
        async for piece in Vault(raw, keys).read(key, 0, len(content)):
            given_out.extend(piece)

    with pytest.raises(BlobAltered):
        await hand_out()
    assert given_out == content[: len(given_out)]
    assert len(given_out) <= most


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(size=st.integers(0, 3000), data=st.data())
async def test_any_flipped_bit_of_a_small_blob_is_noticed(
    raw: LocalStore, keys: KeysInMemory, size: int, data: st.DataObject
) -> None:
    key = await kept(Vault(raw, keys), keys, some_bytes(size + 1))
    path = path_of(raw, key)
    lying = bytearray(path.read_bytes())
    lying[data.draw(st.integers(0, len(lying) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(lying)
    with pytest.raises(BlobAltered):
        await read_all(Vault(raw, keys), key, 0, size + 1)


async def test_the_bytes_of_another_blob_are_not_taken_for_it(
    raw: LocalStore, keys: KeysInMemory
) -> None:
    vault, content = Vault(raw, keys), some_bytes(5000)
    one, other = await kept(vault, keys, content), await kept(vault, keys, content)
    path_of(raw, one).write_bytes(path_of(raw, other).read_bytes())
    with pytest.raises(BlobAltered):
        await read_all(Vault(raw, keys), one, 0, 5000)


async def test_nor_with_the_seal_of_the_other_blob(raw: LocalStore, keys: KeysInMemory) -> None:
    vault, content = Vault(raw, keys), some_bytes(5000)
    one, other = await kept(vault, keys, content), await kept(vault, keys, content)
    path_of(raw, one).write_bytes(path_of(raw, other).read_bytes())
    keys.seals[one] = keys.seals[other]
    with pytest.raises(BlobAltered):
        await read_all(Vault(raw, keys), one, 0, 5000)


async def test_plain_bytes_are_not_taken_for_sealed_ones(
    raw: LocalStore, keys: KeysInMemory
) -> None:
    key = await kept(Vault(raw, keys), keys, some_bytes(5000))
    path_of(raw, key).write_bytes(b"a plain text that somebody put there" * 200)
    with pytest.raises(BlobAltered):
        await read_all(Vault(raw, keys), key, 0, 5000)


async def test_a_blob_without_its_seal_is_not_read(raw: LocalStore, keys: KeysInMemory) -> None:
    key = await kept(Vault(raw, keys, sealing=False), keys, b"plain, and vouched for")
    assert await read_all(Vault(raw, keys), key, 0, 5) == b"plain"
    del keys.seals[key]
    other = Vault(raw, keys)
    with pytest.raises(BlobAltered):
        await read_all(other, key, 0, 5)
    with pytest.raises(BlobAltered):
        await other.size(key)
    with pytest.raises(BlobMissing):
        await read_all(other, fresh_key(), 0, 5)


async def test_a_size_in_the_seal_cannot_be_changed(raw: LocalStore, keys: KeysInMemory) -> None:
    key = await kept(Vault(raw, keys), keys, some_bytes(5000))
    keys.resize(key, 4000)
    with pytest.raises(BlobAltered):
        await read_all(Vault(raw, keys), key, 0, 4000)


async def test_sealed_and_unsealed_ones_are_read_whatever_is_chosen_now(
    raw: LocalStore, keys: KeysInMemory
) -> None:
    for was in (True, False):
        key = await kept(Vault(raw, keys, sealing=was), keys, some_bytes(2 * SEGMENT))
        for now in (True, False):
            vault = Vault(raw, keys, sealing=now)
            assert await read_all(vault, key, 0, 2 * SEGMENT) == some_bytes(2 * SEGMENT)
            assert await vault.size(key) == 2 * SEGMENT


async def test_no_two_blobs_have_a_data_key_or_a_header_in_common(
    store: Vault, raw: LocalStore, keys: KeysInMemory
) -> None:
    made = [await kept(store, keys, b"the same") for _ in range(20)]
    lying = {path_of(raw, key).read_bytes() for key in made}
    assert len({each[:HEADER] for each in lying}) == len({each[HEADER:] for each in lying}) == 20
    assert len({keys.data_key(key) for key in made}) == 20


async def test_readers_and_writers_at_once_stay_within_their_memory(
    store: Vault, raw: LocalStore, keys: KeysInMemory
) -> None:
    """Sixteen uploads and downloads of 16 MiB: held are a few pieces of each, never the whole."""
    import tracemalloc  # noqa: PLC0415 - for this test only

    piece = secrets.token_bytes(256 * 1024)

    async def write_and_read() -> None:
        key = fresh_key()
        async with store.receive(key) as writer:
            for _ in range(64):
                await writer.write(piece)
            keys.record(key, await writer.finish())
        async for _ in store.read(key, 0, 64 * len(piece)):
            pass

    tracemalloc.start()
    try:
        await asyncio.gather(*(write_and_read() for _ in range(16)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 5 * SEGMENT
    assert len(await keys_of(store)) == 16
