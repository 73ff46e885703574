"""Moving blobs between stores that are in use: nothing is lost, whenever it is killed; what is
deleted meanwhile stays deleted; and nothing that differs is removed.
"""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from casekeep.blobs.bucket import open_bucket
from casekeep.blobs.joined import JoinedStore
from casekeep.blobs.local import LocalStore
from casekeep.blobs.moving import Move, Moved, count_blobs
from casekeep.blobs.objects import ObjectStore
from casekeep.blobs.store import CHUNK, BlobKey, BlobStore, StoreUnavailable
from tests.blobs.contract import fresh_key, keep, keys_of, read_all, some_bytes
from tests.support.buckets import S3Server

SIZES = (0, 1, CHUNK + 1, (17 << 20) + 3)


async def filled(store: BlobStore, *sizes: int) -> dict[BlobKey, bytes]:
    contents = {fresh_key(): some_bytes(size) for size in sizes or SIZES}
    for key, content in contents.items():
        await keep(store, key, content)
    return contents


async def holds(store: BlobStore, contents: dict[BlobKey, bytes]) -> bool:
    found = {key: await read_all(store, key, 0, await store.size(key)) for key in contents}
    return found == contents and await keys_of(store) == set(contents)


def bucket(server: S3Server) -> ObjectStore:
    return ObjectStore(open_bucket(server.url()))


@pytest.fixture
def disk(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "disk")


@pytest.fixture
def other_disk(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "other")


async def test_there_and_back_again(disk: LocalStore, moto: S3Server, rclone: S3Server) -> None:
    contents = await filled(disk)
    first, second = bucket(moto), bucket(rclone)
    for source, target in ((disk, first), (first, second), (second, disk)):
        moved = await Move(source, target).run()
        assert moved == Moved(blobs=len(SIZES), bytes=sum(SIZES))
        assert await holds(target, contents)
        assert await keys_of(source) == set()


class Unread(ObjectStore):
    """A bucket whose bytes are nobody's way to another one."""

    def receive(self, key: BlobKey):  # type: ignore[no-untyped-def] # noqa: ANN201
        raise AssertionError("the provider should have copied")


@pytest.mark.parametrize("name", ["moto", "rclone"])
async def test_within_a_bucket_the_provider_copies(
    name: str, request: pytest.FixtureRequest
) -> None:
    server: S3Server = request.getfixturevalue(name)
    source, target = bucket(server), Unread(open_bucket(server.url()))
    contents = await filled(source)
    assert (await Move(source, target).run()).blobs == len(contents)
    assert await holds(target, contents)
    assert await keys_of(source) == set()


async def test_the_source_may_be_kept(disk: LocalStore, other_disk: LocalStore) -> None:
    contents = await filled(disk)
    for _ in range(2):
        moved = await Move(disk, other_disk, keep=True).run()
        assert moved == Moved(blobs=len(SIZES), bytes=sum(SIZES))
        assert await holds(disk, contents)
        assert await holds(other_disk, contents)


async def test_progress_is_told(disk: LocalStore, other_disk: LocalStore) -> None:
    await filled(disk, *[10] * 5)
    told: list[int] = []
    await Move(disk, other_disk, on_progress=lambda now: told.append(now.blobs)).run()
    assert await count_blobs(other_disk) == 5
    assert told == [1, 2, 3, 4, 5]


async def test_what_is_still_being_written_stays(disk: LocalStore, other_disk: LocalStore) -> None:
    key, content = fresh_key(), some_bytes(CHUNK)
    async with disk.receive(key) as writer:
        await writer.write(content)
        assert await Move(disk, other_disk).run() == Moved(passed_over=1)
        await writer.finish()
    assert await Move(disk, other_disk).run() == Moved(blobs=1, bytes=CHUNK)
    assert await holds(other_disk, {key: content})


@pytest.mark.parametrize("spoilt", [b"kepT", b"longer"])
async def test_what_differs_stays_in_both(
    disk: LocalStore, other_disk: LocalStore, spoilt: bytes
) -> None:
    key = fresh_key()
    await keep(disk, key, b"kept")
    await keep(other_disk, key, spoilt)
    moved = await Move(disk, other_disk).run()
    assert moved == Moved(failed=1, reason="the two stores hold different bytes under one key")
    assert await read_all(disk, key, 0, 4) == b"kept"
    assert await read_all(other_disk, key, 0, len(spoilt)) == spoilt


class Lying(LocalStore):
    """A target that gives back other bytes than it took."""

    async def read(self, key, start, length):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        async for piece in super().read(key, start, length):
            yield bytes(len(piece))


async def test_a_copy_that_reads_otherwise_is_no_copy(disk: LocalStore, tmp_path: Path) -> None:
    contents = await filled(disk, 10)
    target = Lying(tmp_path / "lying")
    assert (await Move(disk, target).run()).failed == 1
    assert await holds(disk, contents)
    assert await keys_of(target) == set()


class Meanwhile(LocalStore):
    """A source of which the server deletes each blob when its last piece was read."""

    server: JoinedStore

    async def read(self, key, start, length):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        async for piece in super().read(key, start, length):
            yield piece
        await self.server.delete(key)


async def test_what_is_deleted_meanwhile_is_in_neither(
    other_disk: LocalStore, tmp_path: Path
) -> None:
    source = Meanwhile(tmp_path / "source")
    source.server = JoinedStore(other_disk, source)
    await filled(source, 10, 3 * CHUNK)
    assert await Move(source, other_disk).run() == Moved(passed_over=2)
    assert await keys_of(source) == await keys_of(other_disk) == set()


class Deleting(LocalStore):
    """A target whose server deletes a blob in the moment in which its copy was completed: the
    source was emptied before, and the target right after.
    """

    source: LocalStore

    async def size(self, key: BlobKey) -> int:
        found = await super().size(key)
        await self.source.delete(key)
        return found


async def test_what_is_deleted_when_it_was_copied_is_in_neither(
    disk: LocalStore, tmp_path: Path
) -> None:
    target = Deleting(tmp_path / "target")
    target.source = disk
    await filled(disk, 10)
    assert await Move(disk, target).run() == Moved(passed_over=1)
    assert await keys_of(disk) == await keys_of(target) == set()


async def test_a_server_that_deletes_reads_and_writes_loses_nothing(
    disk: LocalStore, moto: S3Server
) -> None:
    target = bucket(moto)
    server = JoinedStore(target, disk)
    contents = await filled(disk, *range(1000, 1040))
    doomed = [key for number, key in enumerate(contents) if number % 4 == 0]

    async def serve() -> dict[BlobKey, bytes]:
        for key in doomed:
            await server.delete(key)
            del contents[key]
            for other, content in contents.items():
                assert await read_all(server, other, 0, len(content)) == content
        return await filled(server, 5, 6)

    served, _ = await asyncio.gather(serve(), Move(disk, target, at_once=3).run())
    assert await holds(server, {**contents, **served})
    assert await keys_of(disk) == set()


class Broken(LocalStore):
    """A target that takes nothing."""

    def receive(self, key: BlobKey):  # type: ignore[no-untyped-def] # noqa: ANN201
        raise StoreUnavailable("ENOSPC")


async def test_a_target_that_takes_nothing_ends_the_move(disk: LocalStore, tmp_path: Path) -> None:
    contents = await filled(disk, *[10] * 40)
    moved = await Move(disk, Broken(tmp_path / "broken"), at_once=2).run()
    assert 10 <= moved.failed <= 12
    assert moved.reason == "ENOSPC"
    assert await holds(disk, contents)


async def killed_at(step: int, source: str, target: str) -> bool:
    """Whether the move was killed there, or came to its end before."""
    module = [sys.executable, "-m", "tests.blobs.killed_move"]
    child = await asyncio.create_subprocess_exec(*module, source, target, str(step))
    assert await child.wait() in {0, -signal.SIGKILL}
    return child.returncode != 0


@pytest.mark.parametrize("step", [0, 3, 4, 6, 8, 9, 10, 12, 13, 14, 15, 16, 17, 25, 99])
async def test_killed_on_the_way_to_a_disk_nothing_is_lost(
    disk: LocalStore, other_disk: LocalStore, step: int
) -> None:
    contents = await filled(disk, 3 * CHUNK, 10)
    assert await killed_at(step, str(disk.root), str(other_disk.root)) == (step < 99)
    for key, content in contents.items():
        assert await read_all(JoinedStore(other_disk, disk), key, 0, len(content)) == content
    await Move(disk, other_disk).run()
    assert await holds(other_disk, contents)
    assert await keys_of(disk) == set()


@pytest.mark.parametrize("step", [5, 12, 20, 24, 30, 999])
async def test_killed_on_the_way_to_a_bucket_nothing_is_lost(
    disk: LocalStore, moto: S3Server, step: int
) -> None:
    url = moto.url()
    target = ObjectStore(open_bucket(url))
    contents = await filled(disk, 17 << 20)
    assert await killed_at(step, str(disk.root), url) == (step < 999)
    for key, content in contents.items():
        assert await read_all(JoinedStore(target, disk), key, 0, len(content)) == content
    await Move(disk, target).run()
    assert await holds(target, contents)
    assert await keys_of(disk) == set()


async def test_cancelled_at_any_moment_nothing_is_lost(
    disk: LocalStore, other_disk: LocalStore
) -> None:
    contents = await filled(disk, 3 * CHUNK, 10, CHUNK)
    for turns in range(0, 40, 3):
        task = asyncio.create_task(Move(disk, other_disk, keep=turns % 2 == 0).run())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for key, content in contents.items():
            assert await read_all(JoinedStore(other_disk, disk), key, 0, len(content)) == content
    await Move(disk, other_disk).run()
    assert await holds(other_disk, contents)
