"""Two stores as one: the contract, wherever a blob is, and one that moves while it is read."""

from pathlib import Path

import pytest

from casekeep.blobs.joined import JoinedStore
from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import CHUNK, BlobMissing, StoreUnavailable
from tests.blobs.contract import (
    BlobStoreContract,
    fresh_key,
    keep,
    keys_of,
    read_all,
    some_bytes,
)


@pytest.fixture
def target(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "target")


@pytest.fixture
def source(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "source")


@pytest.fixture
def store(target: LocalStore, source: LocalStore) -> JoinedStore:
    return JoinedStore(target, source)


class TestJoinedStore(BlobStoreContract):
    """The shared contract."""


async def test_new_blobs_go_to_the_target(
    store: JoinedStore, target: LocalStore, source: LocalStore
) -> None:
    key = fresh_key()
    await keep(store, key, b"new")
    assert await keys_of(target) == {key}
    assert await keys_of(source) == set()


async def test_what_is_in_the_source_only_is_there(store: JoinedStore, source: LocalStore) -> None:
    key, content = fresh_key(), some_bytes(2 * CHUNK)
    await keep(source, key, content)
    assert await store.size(key) == len(content)
    assert await read_all(store, key, 7, CHUNK) == content[7 : CHUNK + 7]
    assert await keys_of(store) == {key}


async def test_a_blob_in_both_is_one(
    store: JoinedStore, target: LocalStore, source: LocalStore
) -> None:
    key, other = fresh_key(), fresh_key()
    await keep(source, key, b"both")
    await keep(target, key, b"both")
    await keep(target, other, b"new")
    assert await keys_of(store) == {key, other}


async def test_a_delete_reaches_both(
    store: JoinedStore, target: LocalStore, source: LocalStore
) -> None:
    key = fresh_key()
    await keep(source, key, b"both")
    await keep(target, key, b"both")
    await store.delete(key)
    assert await keys_of(target) == await keys_of(source) == set()


@pytest.mark.parametrize("place", ["target", "source"])
async def test_a_blob_is_replaced_where_it_is(
    store: JoinedStore, target: LocalStore, source: LocalStore, place: str
) -> None:
    key, places = fresh_key(), {"target": target, "source": source}
    await keep(places[place], key, b"damaged")
    async with store.replace(key) as writer:
        await writer.write(b"whole")
        assert await read_all(store, key, 0, 7) == b"damaged"
        await writer.finish()
    assert await read_all(places[place], key, 0, 5) == b"whole"
    del places[place]
    (other,) = places.values()
    assert await keys_of(other) == set()


async def test_what_is_lost_is_put_back_into_the_target(
    store: JoinedStore, target: LocalStore
) -> None:
    key = fresh_key()
    async with store.replace(key) as writer:
        await writer.finish()
    assert await keys_of(target) == {key}


class MovingAway(LocalStore):
    """A source that loses a blob to the target after its first piece was read."""

    def __init__(self, root: Path, target: LocalStore) -> None:
        super().__init__(root)
        self._target = target

    async def read(self, key, start, length):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        content = await read_all(LocalStore(self.root), key, 0, await self.size(key))
        yield content[start : start + CHUNK]
        await keep(self._target, key, content)
        await self.delete(key)
        raise BlobMissing


async def test_a_blob_that_moves_while_it_is_read_is_read_on(
    target: LocalStore, tmp_path: Path
) -> None:
    source = MovingAway(tmp_path / "source", target)
    key, content = fresh_key(), some_bytes(3 * CHUNK)
    await keep(source, key, content)
    assert (
        await read_all(JoinedStore(target, source), key, 5, 2 * CHUNK)
        == (content[5 : 2 * CHUNK + 5])
    )
    assert await keys_of(source) == set()


async def test_an_outage_of_the_target_is_no_reason_to_look_elsewhere(
    source: LocalStore, tmp_path: Path
) -> None:
    key = fresh_key()
    await keep(source, key, b"kept")
    (tmp_path / "file").write_bytes(b"")
    store = JoinedStore(LocalStore(tmp_path / "file"), source)
    with pytest.raises(StoreUnavailable):
        await store.size(key)
    with pytest.raises(StoreUnavailable):
        await read_all(store, key, 0, 4)
