"""Keys of organisations without a database, for tests of what is done with them."""

from dataclasses import replace

from casekeep.blobs.organization_keys import OrganizationKey, new_organization_key
from casekeep.blobs.store import BlobKey, Seal, Written
from casekeep.kernel.ids import OrganizationId


class KeysInMemory:
    """One key for each organisation, and the seals that a test recorded."""

    def __init__(self) -> None:
        self._keys: dict[OrganizationId, OrganizationKey] = {}
        self.seals: dict[BlobKey, Seal] = {}

    async def current(self, organization_id: OrganizationId) -> OrganizationKey:
        return self._keys.setdefault(organization_id, new_organization_key())

    async def find_seal(self, blob: BlobKey) -> tuple[Seal, OrganizationKey] | None:
        seal = self.seals.get(blob)
        return None if seal is None else (seal, await self.current(blob.organization_id))

    def record(self, blob: BlobKey, written: Written) -> None:
        assert written.seal is not None
        self.seals[blob] = written.seal

    def resize(self, blob: BlobKey, size: int) -> None:
        """Claim that a blob had another size."""
        self.seals[blob] = replace(self.seals[blob], size=size)

    def data_key(self, blob: BlobKey) -> bytes:
        return self._keys[blob.organization_id].unwrap(blob, self.seals[blob])
