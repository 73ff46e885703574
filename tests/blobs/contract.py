"""What every blob store must do. A store's own test class derives from `BlobStoreContract` and
gives it a `store` fixture.
"""

import asyncio
import hashlib
import random

import pytest

from casekeep.blobs.store import CHUNK, BlobKey, BlobMissing, BlobStore, StoreUnavailable, Written
from casekeep.kernel.ids import FileId, OrganizationId, new_id


def fresh_key(organization: OrganizationId | None = None) -> BlobKey:
    return BlobKey(organization or OrganizationId(new_id()), FileId(new_id()))


def some_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


async def keep(store: BlobStore, key: BlobKey, *pieces: bytes | memoryview) -> Written:
    async with store.receive(key) as writer:
        for piece in pieces:
            await writer.write(piece)
        return await writer.finish()


async def read_all(store: BlobStore, key: BlobKey, start: int, length: int) -> bytes:
    return b"".join([piece async for piece in store.read(key, start, length)])


async def keys_of(store: BlobStore) -> set[BlobKey]:
    found = [key async for key in store.keys()]  # noqa: SIM118 - no dict
    assert len(found) == len(set(found)), "a key came twice"
    return set(found)


class BlobStoreContract:
    @pytest.mark.parametrize("size", [0, 1, 10_240, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
    async def test_what_is_written_is_what_is_read(self, store: BlobStore, size: int) -> None:
        key, content = fresh_key(), some_bytes(size)
        written = await keep(store, key, content)
        assert written == Written(size, hashlib.sha256(content).digest())
        assert await store.size(key) == size
        assert await read_all(store, key, 0, size) == content

    async def test_small_writes_join_in_order_and_are_counted(self, store: BlobStore) -> None:
        key, content = fresh_key(), some_bytes(2 * CHUNK + 3)
        async with store.receive(key) as writer:
            for start in range(0, len(content), 65_521):
                await writer.write(content[start : start + 65_521])
                assert writer.size == min(len(content), start + 65_521)
            written = await writer.finish()
        assert written.sha256 == hashlib.sha256(content).digest()
        assert await read_all(store, key, 0, len(content)) == content

    async def test_a_buffer_may_be_used_again_after_write(self, store: BlobStore) -> None:
        key, buffer = fresh_key(), bytearray(b"first")
        async with store.receive(key) as writer:
            await writer.write(buffer)
            buffer[:] = b"other"
            await writer.write(memoryview(buffer))
            buffer[:] = b"third"
            await writer.finish()
        assert await read_all(store, key, 0, 10) == b"firstother"

    @pytest.mark.parametrize(
        ("start", "length"),
        [(0, 1), (1, 1), (CHUNK - 1, 2), (CHUNK, CHUNK), (5, 2 * CHUNK), (3 * CHUNK - 1, 1)],
    )
    async def test_any_range_is_the_slice(self, store: BlobStore, start: int, length: int) -> None:
        key, content = fresh_key(), some_bytes(3 * CHUNK)
        await keep(store, key, content)
        pieces = [piece async for piece in store.read(key, start, length)]
        assert b"".join(pieces) == content[start : start + length]
        assert max(map(len, pieces)) <= CHUNK

    async def test_a_range_beyond_the_end_is_refused(self, store: BlobStore) -> None:
        key = fresh_key()
        await keep(store, key, b"ten bytes.")
        with pytest.raises(StoreUnavailable):
            await read_all(store, key, 5, 6)

    async def test_a_reader_may_leave_early(self, store: BlobStore) -> None:
        key = fresh_key()
        await keep(store, key, some_bytes(3 * CHUNK))
        reader = store.read(key, 0, 3 * CHUNK)
        await anext(reader)
        await reader.aclose()
        assert await store.size(key) == 3 * CHUNK

    async def test_what_is_not_there_is_missing(self, store: BlobStore) -> None:
        key = fresh_key()
        with pytest.raises(BlobMissing):
            await store.size(key)
        with pytest.raises(BlobMissing):
            await read_all(store, key, 0, 1)

    async def test_a_blob_of_one_organization_is_not_there_for_another(
        self, store: BlobStore
    ) -> None:
        key = fresh_key()
        await keep(store, key, b"mine")
        with pytest.raises(BlobMissing):
            await store.size(BlobKey(OrganizationId(new_id()), key.file_id))

    async def test_unfinished_bytes_are_bytes(self, store: BlobStore) -> None:
        key = fresh_key()
        assert not await store.has_bytes(key)
        async with store.receive(key) as writer:
            for _ in range(2):  # the second waits for the first, which may go on beside its owner
                await writer.write(some_bytes(16 * CHUNK))
            assert await store.has_bytes(key)
            await writer.finish()
        assert await store.has_bytes(key)
        await store.delete(key)
        assert not await store.has_bytes(key)

    @pytest.mark.parametrize("size", [0, 10, 3 * CHUNK])
    async def test_without_finish_nothing_stays(self, store: BlobStore, size: int) -> None:
        key = fresh_key()
        async with store.receive(key) as writer:
            await writer.write(some_bytes(size))
        assert await keys_of(store) == set()

    @pytest.mark.parametrize("size", [10, 3 * CHUNK])
    async def test_after_an_error_nothing_stays(self, store: BlobStore, size: int) -> None:
        async def receive_and_refuse() -> None:
            async with store.receive(fresh_key()) as writer:
                await writer.write(some_bytes(size))
                raise ValueError("refused")

        with pytest.raises(ValueError, match="refused"):
            await receive_and_refuse()
        assert await keys_of(store) == set()

    async def test_after_finish_an_error_changes_nothing(self, store: BlobStore) -> None:
        key = fresh_key()

        async def finish_and_fail() -> None:
            async with store.receive(key) as writer:
                await writer.write(b"kept")
                await writer.finish()
                raise ValueError("later")

        with pytest.raises(ValueError, match="later"):
            await finish_and_fail()
        assert await read_all(store, key, 0, 4) == b"kept"

    async def test_cancelled_at_any_moment_nothing_stays(self, store: BlobStore) -> None:
        async def receive_slowly(key: BlobKey) -> None:
            async with store.receive(key) as writer:
                for _ in range(8):
                    await writer.write(some_bytes(CHUNK))
                await writer.finish()
                raise AssertionError("the task should have been cancelled before")

        for turns in range(1, 12):
            task = asyncio.create_task(receive_slowly(fresh_key()))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await keys_of(store) == set()

    async def test_delete_is_for_good_and_may_be_asked_twice(self, store: BlobStore) -> None:
        key, other = fresh_key(), fresh_key()
        await keep(store, key, b"gone")
        await keep(store, other, b"stays")
        await store.delete(key)
        await store.delete(key)
        with pytest.raises(BlobMissing):
            await store.size(key)
        assert await keys_of(store) == {other}

    async def test_keys_are_all_keys_once(self, store: BlobStore) -> None:
        organization = OrganizationId(new_id())
        kept = {fresh_key(organization) for _ in range(20)} | {fresh_key() for _ in range(3)}
        for key in kept:
            await keep(store, key, b"x")
        assert await keys_of(store) == kept

    async def test_writers_at_the_same_time_do_not_mix(self, store: BlobStore) -> None:
        organization = OrganizationId(new_id())
        keys = [fresh_key(organization) for _ in range(40)]
        contents = [some_bytes(1000 + number * 40_000) for number in range(40)]
        await asyncio.gather(
            *(keep(store, key, text) for key, text in zip(keys, contents, strict=True))
        )
        for key, content in zip(keys, contents, strict=True):
            assert await read_all(store, key, 0, len(content)) == content
