"""A depot in a bucket of S3, Google Cloud Storage or Azure, by way of obstore. Whatever is put
there is there whole or not at all, as those services promise.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from casekeep.blobs.depots import DepotMissing, DepotUnavailable, Lying
from casekeep.blobs.store import CHUNK

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PART = 8 * CHUNK
_AT_ONCE = 4
_DELETED_AT_ONCE = 500


def bucket_depot(url: str) -> "BucketDepot":
    """The depot at the URL of a bucket (`s3://bucket/folder`, `gs://…`, `az://…`). Credentials are
    found where the service's own tools look for them. Raises DepotUnavailable.
    """
    with _told():
        return BucketDepot(from_url(url))


class BucketDepot:
    """A Depot over an obstore store, whose prefix is the depot's own."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    @contextmanager
    def hold(self) -> Generator[None]:
        """A bucket has no locks: one backup at a time is its operator's to keep."""
        yield

    async def put(self, path: str, pieces: AsyncIterable[bytes]) -> None:
        """Keep `pieces` under `path`: in one request if they are few, else in parts."""
        coming = aiter(pieces)
        first, ended = await _first_part(coming)
        with _told():
            if ended:
                await obstore.put_async(self._store, path, first, use_multipart=False)
            else:
                await obstore.put_async(
                    self._store,
                    path,
                    _joined(first, coming),
                    chunk_size=_PART,
                    max_concurrency=_AT_ONCE,
                )

    async def read(self, path: str) -> AsyncGenerator[bytes, None]:
        """What is kept, in pieces of about CHUNK. Raises DepotMissing."""
        with _told():
            got = await obstore.get_async(self._store, path)
            async for piece in got.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

    async def lying(self, folder: str) -> AsyncGenerator[Lying, None]:
        """All that lies in `folder` and below it."""
        with _told():
            batches = obstore.list(self._store, folder or None)  # pyright: ignore[reportUnknownMemberType] - of an overload that needs a library
            async for batch in batches:
                for each in batch:
                    yield Lying(each["path"], each["size"])

    async def names(self, folder: str) -> tuple[str, ...]:
        """The names of the folders directly in `folder`, sorted."""
        with _told():
            found = await obstore.list_with_delimiter_async(  # pyright: ignore[reportUnknownMemberType] - as above
                self._store, folder or None
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
        try:
            with _told():
                await obstore.delete_async(self._store, paths)
        except DepotMissing:
            return


async def _first_part(coming: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """The first bytes, up to a part's size or so, and whether that was all."""
    gathered = bytearray()
    async for piece in coming:
        gathered += piece
        if len(gathered) >= _PART:
            return bytes(gathered), False
    return bytes(gathered), True


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for piece in rest:
        yield piece


@contextmanager
def _told() -> Generator[None]:
    """Say what the service said in the depot's words; its own text may hold URLs and keys."""
    try:
        yield
    except FileNotFoundError:
        raise DepotMissing from None
    except (BaseError, OSError, ValueError) as error:
        raise DepotUnavailable(f"the backup's bucket says: {type(error).__name__}") from None
