"""The object store against the contract, at two servers, and what only a bucket has: parts, claims,
and conditions.
"""

import asyncio
import hashlib

import obstore
import pytest

from casekeep.blobs.bucket import open_bucket
from casekeep.blobs.naming import name_of
from casekeep.blobs.objects import ObjectStore
from casekeep.blobs.store import CHUNK, BlobMissing, StoreUnavailable, Written
from tests.blobs.contract import (
    BlobStoreContract,
    fresh_key,
    keep,
    keys_of,
    read_all,
    some_bytes,
)
from tests.support.buckets import S3Server

MIB = 1 << 20
PART = 8 * MIB


class Objects(BlobStoreContract):
    """What holds at both servers."""

    @pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 5])
    async def test_a_large_blob_goes_in_parts(self, store: ObjectStore, size: int) -> None:
        key, content = fresh_key(), some_bytes(size)
        written = await keep(store, key, *_cut(content))
        assert written == Written(size, hashlib.sha256(content).digest())
        assert await store.size(key) == size
        assert await read_all(store, key, 0, size) == content
        assert await names_of(store) == {name_of(key)}

    async def test_a_large_blob_is_not_there_before_it_is_whole(self, store: ObjectStore) -> None:
        key, content = fresh_key(), some_bytes(2 * PART + 5)
        async with store.receive(key) as writer:
            for piece in _cut(content):
                await writer.write(piece)
            with pytest.raises(BlobMissing):
                await store.size(key)
            with pytest.raises(BlobMissing):
                await read_all(store, key, 0, 1)
            assert await keys_of(store) == {key}
            await writer.finish()
        assert await read_all(store, key, 0, len(content)) == content

    @pytest.mark.parametrize("size", [PART + 1, 2 * PART + 5])
    async def test_a_large_blob_that_is_given_up_leaves_nothing(
        self, store: ObjectStore, size: int
    ) -> None:
        async with store.receive(fresh_key()) as writer:
            for piece in _cut(some_bytes(size)):
                await writer.write(piece)
        assert await names_of(store) == set()

    async def test_a_large_blob_cancelled_at_any_moment_leaves_nothing(
        self, store: ObjectStore
    ) -> None:
        written = asyncio.Event()

        async def receive_slowly(pieces: int) -> None:
            async with store.receive(fresh_key()) as writer:
                for number, piece in enumerate(_cut(some_bytes(2 * PART + 5))):
                    if number == pieces:
                        written.set()
                    await writer.write(piece)
                await asyncio.Event().wait()

        for pieces in (7, 8, 9, 12, 16):
            written.clear()
            task = asyncio.create_task(receive_slowly(pieces))
            await written.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await names_of(store) == set()

    @pytest.mark.parametrize("size", [0, 10, PART + 1])
    async def test_a_blob_is_replaced_whole_or_not_at_all(
        self, store: ObjectStore, size: int
    ) -> None:
        key, content = fresh_key(), some_bytes(size)
        await keep(store, key, b"damaged")
        async with store.replace(key) as writer:
            await writer.write(content)
        assert await read_all(store, key, 0, 7) == b"damaged"
        async with store.replace(key) as writer:
            for piece in _cut(content):
                await writer.write(piece)
            await writer.finish()
        assert await store.size(key) == size
        assert await read_all(store, key, 0, size) == content
        assert await names_of(store) == {name_of(key)}

    async def test_what_is_lost_is_put_back(self, store: ObjectStore) -> None:
        key = fresh_key()
        async with store.replace(key) as writer:
            await writer.write(b"back")
            await writer.finish()
        assert await read_all(store, key, 0, 4) == b"back"

    async def test_names_that_are_no_keys_are_passed_by(self, store: ObjectStore) -> None:
        key = fresh_key()
        await keep(store, key, b"x")
        name, organization = name_of(key), str(key.organization_id)
        shard = "00" if name[37:39] != "00" else "01"
        others = ["note.txt", f"{name}.bak", f"{name}-x/y", name.upper()]
        for other in (*others, f"{organization}/{shard}/{key.file_id}", f"x/{name}"):
            await obstore.put_async(store.bucket.provider, store.bucket.prefix + other, b"?")
        assert await keys_of(store) == {key}

    async def test_a_copy_within_the_bucket_is_the_provider_s(
        self, store: ObjectStore, server: S3Server
    ) -> None:
        other = ObjectStore(open_bucket(server.url()))
        key, content = fresh_key(), some_bytes(3 * CHUNK)
        await keep(other, key, content)
        assert store.is_beside(other)
        await store.copy_from(other, key)
        assert await read_all(store, key, 0, len(content)) == content
        with pytest.raises(BlobMissing):
            await store.copy_from(other, fresh_key())
        elsewhere = open_bucket(server.url(bucket="elsewhere"))
        assert not store.is_beside(ObjectStore(elsewhere))

    async def test_a_bucket_that_is_not_there_is_an_outage(self, server: S3Server) -> None:
        store, key = ObjectStore(open_bucket(server.url(bucket="nowhere"))), fresh_key()
        with pytest.raises(StoreUnavailable, match=r"^there is no such bucket$"):
            await keep(store, key, b"x")
        with pytest.raises(StoreUnavailable, match=r"^there is no such bucket$"):
            await read_all(store, key, 0, 1)
        with pytest.raises(StoreUnavailable, match=r"^there is no such bucket$"):
            await keys_of(store)
        with pytest.raises(StoreUnavailable, match=r"^there is no such bucket$"):
            await store.try_out()

    async def test_a_trial_leaves_nothing(self, store: ObjectStore) -> None:
        await store.try_out()
        assert await names_of(store) == set()


class TestAtMoto(Objects):
    """moto keeps a put's condition and lists unfinished uploads; it takes any signature."""

    @pytest.fixture
    def server(self, moto: S3Server) -> S3Server:
        return moto

    @pytest.fixture
    def store(self, server: S3Server) -> ObjectStore:
        return ObjectStore(open_bucket(server.url()))

    @pytest.mark.parametrize("size", [0, 10, PART + 1])
    async def test_a_blob_is_never_written_over(self, store: ObjectStore, size: int) -> None:
        key = fresh_key()
        await keep(store, key, b"first")
        with pytest.raises(StoreUnavailable):
            await keep(store, key, *_cut(some_bytes(size)))
        assert await read_all(store, key, 0, 5) == b"first"
        assert await names_of(store) == {name_of(key)}

    async def test_two_large_writers_of_one_key_never_mix(self, store: ObjectStore) -> None:
        key, content = fresh_key(), some_bytes(PART + 1)
        async with store.receive(key) as first:
            await first.write(content)
            with pytest.raises(StoreUnavailable):
                await keep(store, key, some_bytes(PART + 2))
            await first.finish()
        assert await read_all(store, key, 0, len(content)) == content

    async def test_parts_of_a_given_up_blob_are_dropped(
        self, store: ObjectStore, server: S3Server
    ) -> None:
        before = server.unfinished_uploads()
        async with store.receive(fresh_key()) as writer:
            await writer.write(some_bytes(PART + 1))
            await writer.write(some_bytes(PART + 2))
            assert server.unfinished_uploads() == before + 1
        assert server.unfinished_uploads() == before


class TestAtRclone(Objects):
    """rclone checks every signature; it puts over what is there, whatever the condition, and sends
    a part of an object with the status of a whole one.
    """

    @pytest.fixture
    def server(self, rclone: S3Server) -> S3Server:
        return rclone

    @pytest.fixture
    def store(self, server: S3Server) -> ObjectStore:
        return ObjectStore(open_bucket(server.url()))

    async def test_wrong_credentials_are_an_outage(
        self, server: S3Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a wrong secret")
        store, key = ObjectStore(open_bucket(server.url())), fresh_key()
        with pytest.raises(StoreUnavailable, match=r"^access refused$"):
            await keep(store, key, b"x")
        with pytest.raises(StoreUnavailable, match=r"^access refused$"):
            await store.size(key)
        with pytest.raises(StoreUnavailable, match=r"^access refused$"):
            await store.try_out()


async def names_of(store: ObjectStore) -> set[str]:
    """Every name below the store's prefix, whatever it is."""
    listed = await obstore.list(store.bucket.provider, store.bucket.prefix).collect_async()
    return {each["path"].removeprefix(store.bucket.prefix) for each in listed}


def _cut(content: bytes) -> list[bytes]:
    return [content[start : start + MIB] for start in range(0, len(content), MIB)]
