"""The local store against the contract, and what only a disk has: crashes, modes, full disks."""

import asyncio
import errno
import fcntl
import mmap
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import CHUNK, BlobKey, StoreUnavailable, Written
from casekeep.kernel.ids import FileId, OrganizationId, new_id
from tests.blobs.contract import (
    BlobStoreContract,
    fresh_key,
    keep,
    keys_of,
    read_all,
    some_bytes,
)
from tests.support.disks import disk_away


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root)


def all_below(root: Path) -> list[Path]:
    return list(root.rglob("*"))


def files_below(root: Path) -> list[Path]:
    return [path for path in all_below(root) if path.is_file()]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class TestLocalStore(BlobStoreContract):
    """The shared contract."""


async def test_a_blob_is_found_by_its_ids(store: LocalStore, root: Path) -> None:
    organization = OrganizationId(UUID("0190b1c2-0000-7000-8000-0000000000aa"))
    file = FileId(UUID("0190b1c2-0000-7000-8000-fe00000000bb"))
    await keep(store, BlobKey(organization, file), b"x")
    assert files_below(root) == [root / str(organization) / "fe" / str(file)]


async def test_only_the_owner_may_look(store: LocalStore, root: Path) -> None:
    await keep(store, fresh_key(), b"x")
    for path in [root, *all_below(root)]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


async def test_a_key_cannot_name_a_path(store: LocalStore, root: Path) -> None:
    for trick in ("../../escape", "/etc/passwd", "x\0y"):
        with pytest.raises(AttributeError):
            await keep(store, BlobKey(trick, new_id()), b"x")  # type: ignore[arg-type]
        with pytest.raises(AttributeError):
            await keep(store, BlobKey(new_id(), trick), b"x")  # type: ignore[arg-type]
    assert all_below(root.parent) == []


async def test_names_that_are_no_keys_are_passed_by(store: LocalStore, root: Path) -> None:
    key = fresh_key()
    await keep(store, key, b"x")
    folder = files_below(root)[0].parent
    for name in ("lost+found", f"{{{new_id()}}}", str(new_id()).upper(), f"{new_id()}.bak"):
        (folder / name).write_bytes(b"?")
        (root / name).mkdir()
    (root / "note.txt").write_bytes(b"?")
    assert await keys_of(store) == {key}


async def test_finish_is_durable_before_it_returns(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, Path]] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(file: int) -> None:
        calls.append(("fsync", Path(f"/proc/self/fd/{file}").readlink()))
        real_fsync(file)

    def rename(source: Path, target: Path) -> None:
        calls.append(("rename", Path(target)))
        real_rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    await keep(store, fresh_key(), b"x")
    path = files_below(root)[0]
    shard, organization = path.parent, path.parent.parent
    made = calls[: calls.index(("fsync", path.with_name(path.name + ".partial")))]
    assert set(made) == {("fsync", each) for each in (organization, root, root.parent)}
    assert calls[len(made) :] == [
        ("fsync", path.with_name(path.name + ".partial")),
        ("rename", path),
        ("fsync", shard),
    ]


@pytest.mark.parametrize("start", [0, 1, 4096])
@pytest.mark.parametrize("size", [CHUNK, CHUNK + 1, 2 * CHUNK - 4096])
async def test_a_large_blob_is_whole_wherever_its_pieces_lie(
    store: LocalStore, start: int, size: int
) -> None:
    """Whether a disk takes them as they lie depends on it."""
    key, memory = fresh_key(), mmap.mmap(-1, 3 * CHUNK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[start : start + size] = content = some_bytes(size)
    piece = memoryview(memory)[start : start + size]
    await keep(store, key, piece, b"between", piece, piece)
    whole = content + b"between" + 2 * content
    assert await read_all(store, key, 0, len(whole)) == whole


async def test_a_file_system_that_knows_only_its_cache_will_do(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETFL:
            raise OSError(errno.EINVAL, "as tmpfs says")
        return 0

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    key, content = fresh_key(), some_bytes(3 * CHUNK)
    await keep(store, key, content[:CHUNK], content[CHUNK:])
    assert await read_all(store, key, 0, len(content)) == content


async def test_a_hash_that_nobody_wants_is_not_made(store: LocalStore) -> None:
    async with store.receive(fresh_key(), hashed=False) as writer:
        await writer.write(b"sealed")
        assert await writer.finish() == Written(6, b"")


async def test_a_removed_folder_is_made_again(store: LocalStore, root: Path) -> None:
    key = fresh_key()
    await keep(store, key, b"x")
    path = files_below(root)[0]
    await keep(store, fresh_key(), b"of another organisation")  # a root left empty would be away
    path.unlink()
    path.parent.rmdir()
    path.parent.parent.rmdir()
    await keep(store, key, b"again")
    assert await read_all(store, key, 0, 5) == b"again"


async def test_a_small_blob_touches_the_disk_only_when_it_is_whole(
    store: LocalStore, root: Path
) -> None:
    async with store.receive(fresh_key()) as writer:
        await writer.write(some_bytes(256 * 1024))
        assert all_below(root.parent) == []
        await writer.finish()
    assert len(files_below(root)) == 1


async def test_two_writers_of_one_key_never_share_a_file(store: LocalStore) -> None:
    key, content = fresh_key(), some_bytes(2 * CHUNK)
    async with store.receive(key) as first:
        await first.write(content)
        with pytest.raises(StoreUnavailable):
            await keep(store, key, some_bytes(CHUNK))
        await first.finish()
    assert await read_all(store, key, 0, len(content)) == content


_KILLED = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import BlobKey

async def main():
    root, organization, done, cut = sys.argv[1:]
    store = LocalStore(Path(root))
    async with store.receive(BlobKey(UUID(organization), UUID(done))) as writer:
        await writer.write(b"acknowledged")
        await writer.finish()
    async with store.receive(BlobKey(UUID(organization), UUID(cut))) as writer:
        await writer.write(bytes(4 << 20))
        print("written", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_process_leaves_a_partial_and_loses_nothing(
    store: LocalStore, root: Path
) -> None:
    organization, done, cut = OrganizationId(new_id()), FileId(new_id()), FileId(new_id())
    names = [str(root), str(organization), str(done), str(cut)]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, *names, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"written\n"
    child.send_signal(signal.SIGKILL)
    await child.wait()
    assert sorted(path.name for path in files_below(root)) == sorted([str(done), f"{cut}.partial"])
    assert await read_all(store, BlobKey(organization, done), 0, 12) == b"acknowledged"
    assert await keys_of(store) == {BlobKey(organization, done), BlobKey(organization, cut)}
    await store.delete(BlobKey(organization, cut))
    assert await keys_of(store) == {BlobKey(organization, done)}


@pytest.fixture
def largest_file() -> Iterator[int]:
    limit = 256 * 1024
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [257 * 1024, 3 * CHUNK])
async def test_a_file_the_disk_cannot_take_leaves_nothing(
    store: LocalStore, root: Path, largest_file: int, size: int
) -> None:
    with pytest.raises(StoreUnavailable, match=r"^EFBIG$"):
        await keep(store, fresh_key(), some_bytes(size))
    assert files_below(root) == []
    await keep(store, fresh_key(), some_bytes(largest_file))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


async def test_a_full_disk_leaves_nothing_and_takes_the_next(small_disk: Path) -> None:
    store = LocalStore(small_disk / "blobs")
    with pytest.raises(StoreUnavailable, match=r"^ENOSPC$"):
        await keep(store, fresh_key(), some_bytes(3 * CHUNK))
    assert files_below(small_disk) == []
    await keep(store, fresh_key(), some_bytes(CHUNK))


async def test_a_read_only_disk_takes_nothing_and_still_reads(small_disk: Path) -> None:
    store, key = LocalStore(small_disk / "blobs"), fresh_key()
    await keep(store, key, b"kept")
    make_read_only(small_disk)
    with pytest.raises(StoreUnavailable, match=r"^EROFS$"):
        await keep(store, fresh_key(key.organization_id), b"x")
    with pytest.raises(StoreUnavailable, match=r"^EROFS$"):
        await store.delete(key)
    assert await read_all(store, key, 0, 4) == b"kept"


async def test_a_file_where_a_folder_should_be_is_an_outage(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "file")
    os.close(os.open(tmp_path / "file", os.O_CREAT))
    with pytest.raises(StoreUnavailable):
        await keep(store, fresh_key(), b"x")
    assert await keys_of(store) == set()


async def test_a_reader_that_leaves_lets_go_of_the_file(store: LocalStore) -> None:
    key = fresh_key()
    await keep(store, key, some_bytes(3 * CHUNK))
    before = open_files()
    reader = store.read(key, 0, 3 * CHUNK)
    await anext(reader)
    assert open_files() == before + 1
    await reader.aclose()
    assert open_files() == before


async def test_a_blob_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    store, key = LocalStore(tmp_path), fresh_key()
    await keep(store, key, b"as it was")
    async with store.replace(key) as writer:
        await writer.write(b"half of")
    assert await read_all(store, key, 0, await store.size(key)) == b"as it was"
    async with store.replace(key) as writer:
        await writer.write(b"as it is")
        assert await read_all(store, key, 0, await store.size(key)) == b"as it was"
        await writer.finish()
    assert await read_all(store, key, 0, await store.size(key)) == b"as it is"
    assert await keys_of(store) == {key}
    assert [each.name for each in files_below(tmp_path)] == [str(key.file_id)]


@pytest.mark.parametrize("leaves_folder", [True, False])
async def test_while_its_disk_is_away_nothing_is_said_removed_or_made(
    store: LocalStore, root: Path, *, leaves_folder: bool
) -> None:
    key = fresh_key()
    await keep(store, key, b"kept")
    asked = (
        lambda: store.size(key),
        lambda: read_all(store, key, 0, 4),
        lambda: store.has_bytes(key),
        lambda: store.delete(key),
        lambda: keys_of(store),
        lambda: keep(store, fresh_key(), b"more"),
    )
    with disk_away(root, leaves_folder=leaves_folder):
        for each in asked:
            with pytest.raises(StoreUnavailable):
                await each()
        assert all_below(root) == []
    assert await read_all(store, key, 0, 4) == b"kept"
    await keep(store, fresh_key(), b"more")


async def test_a_process_that_only_read_knows_that_there_was_something(root: Path) -> None:
    key = fresh_key()
    await keep(LocalStore(root), key, b"kept")
    reader = LocalStore(root)
    with disk_away(root), pytest.raises(StoreUnavailable):
        await reader.size(key)
