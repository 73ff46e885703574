"""The keys of organisations: made when first needed, kept wrapped by the deployment's key, open in
memory only. They wrap the data keys of blobs.
"""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from casekeep.blobs import queries
from casekeep.blobs.deployment_keys import DeploymentKey, DeploymentKeys
from casekeep.blobs.queries import WrappedKey
from casekeep.blobs.remembered import Remembered
from casekeep.blobs.sealing.format import new_data_key
from casekeep.blobs.seals import record_seals
from casekeep.blobs.store import BlobKey, Seal
from casekeep.blobs.wrapping import KeyNotOpened, unwrap, wrap
from casekeep.db.database import Database, Tx
from casekeep.kernel.ids import FileId, OrganizationId, OrganizationKeyId, new_id

_REMEMBERED = 1000
_AT_ONCE = 1000
_SECONDS = 60.0
"""How long a process may go on with a key that another one has retired."""


@dataclass(frozen=True, slots=True)
class OrganizationKey:
    """An organisation's key, open: 32 bytes."""

    id: OrganizationKeyId
    key: bytes = field(repr=False)

    def wrap(self, blob: BlobKey, data_key: bytes, size: int) -> Seal:
        """The seal of a blob of `size` bytes. `data_key`: empty for one that is kept unsealed."""
        return Seal(self.id, wrap(self.key, data_key, _bound_to(blob, size)), size)

    def unwrap(self, blob: BlobKey, seal: Seal) -> bytes:
        """The data key of a blob, or nothing for one that is kept unsealed. Raises KeyNotOpened."""
        return unwrap(self.key, seal.wrapped_key, _bound_to(blob, seal.size))


class OrganizationKeys:
    """Finds, makes and opens the keys of organisations, and finds seals."""

    def __init__(self, db: Database, deployment: DeploymentKeys) -> None:
        self._db = db
        self._deployment = deployment
        self._current = Remembered[OrganizationId, OrganizationKey](_REMEMBERED, _SECONDS)
        self._known = Remembered[OrganizationKeyId, OrganizationKey](_REMEMBERED, _SECONDS)

    async def current(self, organization_id: OrganizationId) -> OrganizationKey:
        """The key that wraps what is new; made if the organisation has none.

        Raises DeploymentKeyUnknown, KeyNotOpened.
        """
        found = self._current.get(organization_id)
        if found is None:
            async with self._db.transaction(organization_id) as tx:
                wrapped = await queries.current_key(tx) or await _first_key(tx, self._deployment)
            found = await self._opened(organization_id, wrapped)
            self._current.put(organization_id, found)
        return found

    async def find_seal(self, blob: BlobKey) -> tuple[Seal, OrganizationKey] | None:
        """The seal of a blob, and the key that opens it.

        Raises DeploymentKeyUnknown, KeyNotOpened.
        """
        async with self._db.transaction(blob.organization_id) as tx:
            seal = await queries.find_seal(tx, blob.file_id)
            if seal is None and await queries.current_key(tx) is None:
                await _first_key(tx, self._deployment)
                seal = await queries.find_seal(tx, blob.file_id)
            if seal is None:
                return None
            known = self._known.get(seal.key_id)
            wrapped = None if known else await queries.find_key(tx, seal.key_id)
        if known is None:
            if wrapped is None:
                raise KeyNotOpened
            known = await self._opened(blob.organization_id, wrapped)
        return seal, known

    async def _opened(
        self, organization_id: OrganizationId, wrapped: WrappedKey
    ) -> OrganizationKey:
        # In a thread: to find a key that is not at hand, a file is read or a command is run.
        opened = await asyncio.to_thread(open_key, self._deployment, organization_id, wrapped)
        self._known.put(opened.id, opened)
        return opened


def open_key(
    deployment: DeploymentKeys, organization_id: OrganizationId, wrapped: WrappedKey
) -> OrganizationKey:
    """An organisation's key, of how it is kept; may block.

    Raises DeploymentKeyUnknown, KeyNotOpened.
    """
    outer = deployment.find(wrapped.deployment_key_id)
    bound = _bound_to_organization(organization_id, wrapped.id)
    return OrganizationKey(wrapped.id, unwrap(outer.key, wrapped.wrapped_key, bound))


def wrapped_by(
    outer: DeploymentKey, organization_id: OrganizationId, key: OrganizationKey
) -> WrappedKey:
    """An organisation's key as it is kept."""
    bound = _bound_to_organization(organization_id, key.id)
    return WrappedKey(key.id, wrap(outer.key, key.key, bound), outer.id)


def new_organization_key() -> OrganizationKey:
    """A fresh key."""
    return OrganizationKey(OrganizationKeyId(new_id()), new_data_key())


async def _first_key(tx: Tx, deployment: DeploymentKeys) -> WrappedKey:
    """The organisation's first key, or what somebody else just made. With it the blobs from before
    there were seals get theirs, as unsealed ones: never again, so that nobody can declare a sealed
    blob to be one of those.
    """
    key = new_organization_key()
    wrapped = wrapped_by(deployment.current, tx.organization_id, key)
    if not await queries.insert_key(tx, wrapped):
        return await queries.current_key(tx) or wrapped
    while sizes := await queries.take_unsealed(tx, _AT_ONCE):
        seals = {each: _unsealed(tx, key, each, size) for each, size in sizes.items()}
        await record_seals(tx, seals)
    return wrapped


def _unsealed(tx: Tx, key: OrganizationKey, blob_id: UUID, size: int) -> Seal:
    return key.wrap(BlobKey(tx.organization_id, FileId(blob_id)), b"", size)


def _bound_to(blob: BlobKey, size: int) -> bytes:
    ids = blob.organization_id.bytes + blob.file_id.bytes
    return b"casekeep data key" + ids + size.to_bytes(8, "big")


def _bound_to_organization(organization_id: OrganizationId, key_id: OrganizationKeyId) -> bytes:
    return b"casekeep organization key" + organization_id.bytes + key_id.bytes
