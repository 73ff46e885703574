"""What every depot must do, on a disk and in buckets of two servers."""

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from casekeep.blobs.bucket_depot import bucket_depot
from casekeep.blobs.depots import Depot, DepotMissing, DepotUnavailable, Lying
from casekeep.blobs.folder_depot import FolderDepot
from casekeep.blobs.store import CHUNK
from tests.blobs.contract import some_bytes
from tests.support.buckets import S3Server


async def pieces_of(content: bytes) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(content), CHUNK):
        yield content[at : at + CHUNK]


class Broken(Exception):
    """Of a source that breaks off."""


async def broken(content: bytes) -> AsyncGenerator[bytes, None]:
    async for piece in pieces_of(content):
        yield piece
    raise Broken


async def content_of(depot: Depot, path: str) -> bytes:
    return b"".join([piece async for piece in depot.read(path)])


async def all_of(depot: Depot, folder: str = "") -> list[Lying]:
    return [lying async for lying in depot.lying(folder)]


class DepotContract:
    @pytest.mark.parametrize("size", [0, 1, CHUNK, 8 * CHUNK - 1, 8 * CHUNK, 17 * CHUNK + 5])
    async def test_what_is_put_is_what_is_read(self, depot: Depot, size: int) -> None:
        content = some_bytes(size)
        await depot.put("blobs/a/00/x", pieces_of(content))
        assert await content_of(depot, "blobs/a/00/x") == content
        assert await all_of(depot) == [Lying("blobs/a/00/x", size)]

    async def test_a_second_put_replaces(self, depot: Depot) -> None:
        await depot.put("a", pieces_of(b"the first"))
        await depot.put("a", pieces_of(b"second"))
        assert await content_of(depot, "a") == b"second"

    @pytest.mark.parametrize("size", [10, 20 * CHUNK])
    async def test_a_source_that_breaks_leaves_nothing(self, depot: Depot, size: int) -> None:
        with pytest.raises(Broken):
            await depot.put("a/b", broken(some_bytes(size)))
        assert await all_of(depot) == []
        with pytest.raises(DepotMissing):
            await content_of(depot, "a/b")

    async def test_things_lie_in_the_order_of_their_paths(self, depot: Depot) -> None:
        paths = ["blobs/b/00/1", "blobs/a/ff/1", "blobs/a/0a/2", "blobs/a/0a/1", "x/manifest.json"]
        for path in paths:
            await depot.put(path, pieces_of(b"."))
        assert [lying.path for lying in await all_of(depot)] == sorted(paths)
        assert [lying.path for lying in await all_of(depot, "blobs")] == sorted(paths[:4])
        assert await depot.names("") == ("blobs", "x")
        assert await depot.names("blobs/a") == ("0a", "ff")

    async def test_what_is_removed_is_gone_and_no_more(self, depot: Depot) -> None:
        for path in ("a/1", "a/2", "b/1"):
            await depot.put(path, pieces_of(b"."))
        await depot.delete("a/1")
        await depot.delete("a/1")
        assert [lying.path for lying in await all_of(depot)] == ["a/2", "b/1"]
        await depot.clear("a")
        await depot.clear("nothing")
        assert [lying.path for lying in await all_of(depot)] == ["b/1"]
        assert await depot.names("") == ("b",)


class TestFolderDepot(DepotContract):
    @pytest.fixture
    def depot(self, tmp_path: Path) -> Depot:
        return FolderDepot(tmp_path / "depot")

    async def test_one_holds_it_and_clears_what_a_killed_one_left(self, tmp_path: Path) -> None:
        depot, other = FolderDepot(tmp_path), FolderDepot(tmp_path)
        (tmp_path / ".arriving").mkdir()
        (tmp_path / ".arriving" / "half").write_bytes(b"half")
        with depot.hold():
            assert not (tmp_path / ".arriving").exists()
            with pytest.raises(DepotUnavailable, match="another backup"), other.hold():
                pass
        with other.hold():
            pass

    async def test_what_the_disk_says_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(DepotUnavailable), FolderDepot(tmp_path / "file").hold():
            pass

    async def test_a_place_that_takes_no_folder_is_told(self) -> None:
        depot = FolderDepot(Path("/proc/none"))
        with pytest.raises(DepotUnavailable, match="/proc/none"), depot.hold():
            pass
        with pytest.raises(DepotUnavailable):
            await depot.put("a", pieces_of(b"."))

    async def test_a_disk_that_does_not_let_go_hides_no_error(self, tmp_path: Path) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"half"
            (tmp_path / ".arriving").rename(tmp_path / "elsewhere")
            (tmp_path / ".arriving").write_text("no folder")
            raise Broken

        with pytest.raises(Broken):
            await FolderDepot(tmp_path).put("a", pieces())


class TestMoto(DepotContract):
    @pytest.fixture
    def depot(self, moto: S3Server) -> Depot:
        return bucket_depot(moto.url())

    async def test_a_source_that_breaks_leaves_no_parts(self, depot: Depot, moto: S3Server) -> None:
        before = moto.unfinished_uploads()
        with pytest.raises(Broken):
            await depot.put("a/b", broken(some_bytes(20 * CHUNK)))
        assert moto.unfinished_uploads() == before

    async def test_a_bucket_that_is_not_there_is_told(self, moto: S3Server) -> None:
        depot = bucket_depot(moto.url(bucket="no-such-bucket"))
        with pytest.raises(DepotUnavailable, match="no such bucket; make it"):
            await depot.put("a", pieces_of(b"."))


class TestRclone(DepotContract):
    @pytest.fixture
    def depot(self, rclone: S3Server) -> Depot:
        return bucket_depot(rclone.url())
