"""A depot in a bucket of S3, Google Cloud Storage or Azure, by way of obstore. Whatever is put
there is there whole or not at all, as those services promise.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import obstore

from casekeep.blobs.bucket import Bucket, open_bucket
from casekeep.blobs.causes import told, what_next
from casekeep.blobs.depots import DepotMissing, DepotUnavailable, Lying
from casekeep.blobs.ending import end_in_order
from casekeep.blobs.store import CHUNK, StoreUnavailable

if TYPE_CHECKING:
    from obstore import AsyncWritableFile

_PART = 8 * CHUNK
_PARTS_AT_ONCE = 2
_DELETED_AT_ONCE = 500


def bucket_depot(url: str) -> "BucketDepot":
    """The depot at the URL of a bucket; see `open_bucket`. Raises DepotUnavailable."""
    try:
        return BucketDepot(open_bucket(url))
    except ValueError as error:
        raise DepotUnavailable(str(error)) from None


class BucketDepot:
    """A Depot below the prefix of a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        end_in_order()
        self._provider = bucket.provider
        self._prefix = bucket.prefix

    @contextmanager
    def hold(self) -> Generator[None]:
        """A bucket has no locks: one backup at a time is its operator's to keep."""
        yield

    async def put(self, path: str, pieces: AsyncIterable[bytes]) -> None:
        """Keep `pieces` under `path`: in one request if they are few, else in parts."""
        coming = aiter(pieces)
        first, ended = await _first_part(coming)
        name = self._prefix + path
        if ended:
            with _told():
                await obstore.put_async(self._provider, name, first, use_multipart=False)
            return
        writer = obstore.open_writer_async(
            self._provider, name, buffer_size=_PART, max_concurrency=_PARTS_AT_ONCE
        )
        try:
            await _write_all(writer, first, coming)
        except BaseException:
            with suppress(DepotUnavailable), _told():
                await writer.__aexit__(DepotUnavailable, None, None)  # pyright: ignore[reportUnknownMemberType] - its stub has no types; an error makes it abort
            raise

    async def read(self, path: str) -> AsyncGenerator[bytes, None]:
        """What is kept, in pieces of about CHUNK. Raises DepotMissing."""
        with _told():
            found = await obstore.get_async(self._provider, self._prefix + path)
            async for piece in found.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

    async def lying(self, folder: str) -> AsyncGenerator[Lying, None]:
        """All that lies in `folder` and below it, in the order of the paths, as buckets list."""
        with _told():
            batches = obstore.list(self._provider, self._prefix + folder or None)  # pyright: ignore[reportUnknownMemberType] - of an overload that needs a library
            async for batch in batches:
                for each in batch:
                    yield Lying(each["path"].removeprefix(self._prefix), each["size"])

    async def names(self, folder: str) -> tuple[str, ...]:
        """The names of the folders directly in `folder`, sorted."""
        with _told():
            found = await obstore.list_with_delimiter_async(  # pyright: ignore[reportUnknownMemberType] - as above
                self._provider, self._prefix + folder or None
            )
        return tuple(sorted(each.rpartition("/")[2] for each in found["common_prefixes"]))

    async def delete(self, path: str) -> None:
        """Remove what is kept under `path`."""
        await self._delete([path])

    async def clear(self, folder: str) -> None:
        """Remove all that lies in `folder` and below it."""
        paths = [lying.path async for lying in self.lying(folder)]
        for at in range(0, len(paths), _DELETED_AT_ONCE):
            await self._delete(paths[at : at + _DELETED_AT_ONCE])

    async def _delete(self, paths: list[str]) -> None:
        with suppress(DepotMissing), _told():
            await obstore.delete_async(self._provider, [self._prefix + path for path in paths])


async def _write_all(
    writer: "AsyncWritableFile", first: bytes, coming: AsyncIterator[bytes]
) -> None:
    """Only what the bucket says is put into other words; what the source raises comes out as is."""
    with _told():
        await writer.write(first)
    async for piece in coming:
        with _told():
            await writer.write(piece)
    with _told():
        await writer.close()


async def _first_part(coming: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """The first bytes, up to a part's size or so, and whether that was all."""
    gathered = bytearray()
    async for piece in coming:
        gathered += piece
        if len(gathered) >= _PART:
            return bytes(gathered), False
    return bytes(gathered), True


@contextmanager
def _told() -> Generator[None]:
    """Say what the bucket said in the depot's words."""
    try:
        with told(missing=DepotMissing):
            yield
    except StoreUnavailable as error:
        text = f"the bucket of the backups: {error}; {what_next(error)}"
        raise DepotUnavailable(text) from None
