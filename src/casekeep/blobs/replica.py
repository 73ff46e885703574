"""A folder with a copy of the blobs that something other than Casekeep keeps in step. It may be on
another disk, which is away now and then: an empty folder is no copy.
"""

from casekeep.blobs.folders import holds_anything
from casekeep.blobs.local import LocalStore
from casekeep.blobs.store import BlobKey, StoreUnavailable


class ReplicaFolder(LocalStore):
    """A BlobStore in a folder that others fill."""

    def is_there(self) -> bool:
        """Whether there is a folder with anything in it, as an unmounted disk leaves none."""
        return holds_anything(self.root)

    async def delete(self, key: BlobKey) -> None:
        """Remove the blob; no error if there is none. Raises StoreUnavailable also when the whole
        copy is away, because nothing could be said of what it holds.
        """
        if not await self._threads.run(self.is_there):
            raise StoreUnavailable("the replica is not there")
        await super().delete(key)
