"""What a thief gets who has everything but the deployment's key: the database with the files that
it lies in, the stored bytes, and a backup. And what whoever has the key gets of a purged file.
"""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from casekeep.backups.layout import moment_of
from casekeep.blobs.deployment_keys import DeploymentKey, DeploymentKeys
from casekeep.blobs.folder_depot import FolderDepot
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.sealing.format import new_data_key
from casekeep.blobs.seals import destroy_keys
from casekeep.blobs.store import BlobAltered, BlobKey, BlobMissing, BlobStore, StoreUnavailable
from casekeep.blobs.vault import Vault
from casekeep.db.database import Database
from casekeep.files.model import Category
from casekeep.files.receiving import Receiving
from casekeep.files.removal import remove_file
from casekeep.identity.model import Clinician, Operator
from casekeep.kernel.clock import utc_now
from casekeep.retention.certificates import Certificates, check_certificate
from casekeep.retention.commanding import purge_file
from casekeep.retention.purging import Purging
from tests.backups.clinic import Clinic, Place, Servers
from tests.blobs.contract import read_all
from tests.files.room import LIMITS, Room, body, image, pdf
from tests.files.test_thief import windows
from tests.support.database import database_url
from tests.support.house import CERTIFICATE_SEED, DEPLOYMENT_KEY

CONTENTS = [pdf("A finding of Jane Doe", 90_000), image("PNG")]
NAME = "Doe, Jane.pdf"


@dataclass(frozen=True)
class Sealed:
    """A clinic that seals, and its files; the first of them has CONTENTS[0]."""

    clinic: Clinic
    clinician: Clinician
    files: list[BlobKey]

    @property
    def room(self) -> Room:
        return self.clinic.room

    async def purge(self, file: BlobKey) -> datetime:
        """Destroy a file as an operator does; when its certificate says that it was gone."""
        await remove_file(self.room.db, self.room.audit, self.clinician, file.file_id)
        parts = Purging(
            self.room.db,
            self.room.audit,
            (self.room.blobs,),
            destroy_keys,
            Certificates(CERTIFICATE_SEED),
            30,
            utc_now,
        )
        await purge_file(parts, Operator(file.organization_id), file.file_id)
        async with self.room.db.transaction(file.organization_id) as tx:
            signed = await tx.fetch_value("select certificate from destructions")
        said = check_certificate(signed.encode(), None).certificate["destruction"]
        return datetime.fromisoformat(said["bytes_destroyed_at"])


def vault_of(db: Database, store: BlobStore, key: DeploymentKey = DEPLOYMENT_KEY) -> Vault:
    return Vault(store, OrganizationKeys(db, DeploymentKeys(lambda: [key])))


@pytest.fixture
async def sealed(clinic: Clinic) -> Sealed:
    room = clinic.room
    clinician, case_id = await clinic.clinician_with_case()
    vault = vault_of(room.db, room.blobs)
    receiving = Receiving(room.db, vault, room.audit, LIMITS, room.receiver)
    async with receiving.batch(clinician) as batch:
        for content in CONTENTS:
            await batch.receive(NAME, body(content))
        files = await batch.keep_in_case(
            case_id, category=Category.LAB, is_phi=True, is_restricted=False
        )
    return Sealed(
        clinic, clinician, [BlobKey(clinician.organization_id, each.id) for each in files]
    )


@pytest_asyncio.fixture
async def above(servers: Servers, clinic: Clinic) -> AsyncIterator[asyncpg.Connection]:
    """A superuser of the clinic's database, who sees every table and where it lies on the disk."""
    connection = await asyncpg.connect(database_url(servers.dsn, clinic.place.name))
    yield connection
    await connection.close()


async def dump(above: asyncpg.Connection) -> bytes:
    """Every column of every row of every table, binary ones as their bytes."""
    rows = bytearray()
    for table in await above.fetch(
        """select oid::regclass::text as name from pg_class
           where relkind = 'r' and relnamespace = 'public'::regnamespace"""
    ):
        for row in await above.fetch(f"select * from {table['name']}"):
            rows += b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in row.values())
    return bytes(rows)


async def on_disk(above: asyncpg.Connection) -> bytes:
    """The files that the database lies in, with what is deleted there and not yet overwritten."""
    await above.execute("checkpoint")
    return await above.fetchval(
        """select string_agg(pg_read_binary_file(folder || name, 0, 1 << 28, true), '')
           from (select 'base/' || oid || '/' as folder from pg_database
                 where datname = current_database()) as here, pg_ls_dir(folder) as name"""
    )


def lying(folder: Path) -> bytes:
    """Every file in a folder; what is compressed, as it was."""
    haul = bytearray()
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            haul += gzip.decompress(content) if path.suffix == ".gz" else content
    return bytes(haul)


async def keys_of(sealed: Sealed) -> list[bytes]:
    """All that opens anything, as the deployment's key opens it."""
    keys = OrganizationKeys(sealed.room.db, DeploymentKeys(lambda: [DEPLOYMENT_KEY]))
    found = [DEPLOYMENT_KEY.key, (await keys.current(sealed.clinician.organization_id)).key]
    for file in sealed.files:
        seal = await keys.find_seal(file)
        assert seal is not None
        found.append(seal[1].unwrap(file, seal[0]))
    return found


async def test_without_the_deployments_key_no_content_and_no_key_is_anywhere(
    sealed: Sealed, above: asyncpg.Connection, depot: FolderDepot, tmp_path: Path
) -> None:
    await sealed.clinic.back_up(depot)
    places = {
        "rows": await dump(above),
        "database files": await on_disk(above),
        "blobs": lying(sealed.room.root),
        "backup": lying(tmp_path / "depot"),
    }
    keys = await keys_of(sealed)
    assert len({*keys}) == 2 + len(CONTENTS)
    for place, haul in places.items():
        for key in keys:
            assert key not in haul, place
            assert key.hex().encode() not in haul, place
        for content in CONTENTS:
            assert not [part for part in windows(content) if part in haul], place
    # What is not sealed, as docs/explanation/sealing.md says; and proof that it was looked for.
    for place in ("rows", "database files", "backup"):
        assert NAME.encode() in places[place], place
    assert NAME.encode() not in places["blobs"]


async def test_a_purged_file_is_beyond_the_deployments_key_but_for_older_backups(
    sealed: Sealed, above: asyncpg.Connection, depot: FolderDepot, elsewhere: Place, tmp_path: Path
) -> None:
    file, room = sealed.files[0], sealed.room
    taken = (await sealed.clinic.back_up(depot)).backup
    lay = await read_all(room.blobs, file, 0, await room.blobs.size(file))
    wrapped = await above.fetchval("select wrapped_key from seals where blob_id = $1", file.file_id)
    gone_at = await sealed.purge(file)

    vault = vault_of(room.db, room.blobs)
    with pytest.raises(BlobMissing):
        await read_all(vault, file, 0, len(CONTENTS[0]))
    async with room.blobs.receive(file) as writer:  # a copy of the bytes from before
        await writer.write(lay)
        await writer.finish()
    with pytest.raises(BlobAltered):
        await read_all(vault, file, 0, len(CONTENTS[0]))
    assert wrapped not in await dump(above)
    await room.blobs.delete(file)

    later = await sealed.clinic.back_up(depot, lambda: utc_now() + timedelta(minutes=1))
    rows = lying(tmp_path / "depot" / later.backup.name)
    assert wrapped.hex().encode() not in rows
    assert NAME.encode() in rows, "nothing was looked for"
    # Which backups must age out: those whose moment is not after what the certificate says.
    assert moment_of(taken.name) <= gone_at < moment_of(later.backup.name)

    await elsewhere.restore(depot, taken.name)
    restored = await Database.connect(elsewhere.application_dsn, size=2)
    try:
        again = vault_of(restored, elsewhere.store)
        assert await read_all(again, file, 0, len(CONTENTS[0])) == CONTENTS[0]
        other = vault_of(restored, elsewhere.store, DeploymentKey.of(new_data_key()))
        with pytest.raises(StoreUnavailable):
            await read_all(other, file, 0, len(CONTENTS[0]))
    finally:
        await restored.close()
