"""What a thief gets who has every row of the database and every stored byte, but not the key of the
deployment: no byte of content and no key.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from casekeep.blobs.deployment_keys import DeploymentKey, DeploymentKeys
from casekeep.blobs.local import LocalStore
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.sealing.format import SegmentAltered, SegmentCipher, new_data_key
from casekeep.blobs.sealing.segments import HEADER
from casekeep.blobs.store import BlobAltered, BlobKey, StoreUnavailable
from casekeep.blobs.vault import Vault
from casekeep.files.model import Category
from casekeep.files.receiving import Receiving
from casekeep.identity.model import Clinician, Role
from casekeep.kernel.ids import OrganizationId
from tests.blobs.contract import read_all
from tests.db.furnished import owned_relations
from tests.files.room import LIMITS, Room, body, image, pdf
from tests.support.database import TestServer, database_url
from tests.support.factories import make_case, make_organization, make_user
from tests.support.house import DEPLOYMENT_KEY, deployment_keys

CONTENTS = [pdf("A finding of Jane Doe", 90_000), image("PNG"), pdf("Blood count", 5000)]


@pytest_asyncio.fixture
async def above(server_dsn: str, test_server: TestServer) -> AsyncIterator[asyncpg.Connection]:
    """A superuser, who can dump every table."""
    database = urlsplit(test_server.owner_dsn).path.removeprefix("/")
    connection = await asyncpg.connect(database_url(server_dsn, database))
    yield connection
    await connection.close()


async def kept_files(room: Room) -> tuple[OrganizationId, list[BlobKey]]:
    """Files of a new organisation, received by the house's own way in, sealed."""
    organization_id = await make_organization(room.db)
    clinician_id = await make_user(room.db, organization_id, Role.CLINICIAN)
    clinician = Clinician(organization_id, clinician_id)
    case = await make_case(room.db, organization_id, clinician_id=clinician_id)
    vault = Vault(LocalStore(room.root), OrganizationKeys(room.db, deployment_keys()))
    receiving = Receiving(room.db, vault, room.audit, LIMITS, room.receiver)
    async with receiving.batch(clinician) as batch:
        for number, content in enumerate(CONTENTS):
            await batch.receive(f"{number}.bin", body(content))
        files = await batch.keep_in_case(
            case.id, category=Category.LAB, is_phi=True, is_restricted=False
        )
    return organization_id, [BlobKey(organization_id, each.id) for each in files]


async def dump(above: asyncpg.Connection) -> bytes:
    """Every row of every table, binary columns as their bytes."""
    rows = bytearray()
    for table in await owned_relations(above, "rp"):
        for row in await above.fetch(f"select * from {table}"):
            rows += b"".join(v if isinstance(v, bytes) else str(v).encode() for v in row.values())
    return bytes(rows)


def stored(room: Room) -> bytes:
    return b"".join(path.read_bytes() for path in room.root.rglob("*") if path.is_file())


def windows(content: bytes, size: int = 12) -> Iterator[bytes]:
    """Parts of a content that are unlike anything by chance."""
    parts = (content[start : start + size] for start in range(0, len(content) - size, 7))
    return (part for part in parts if len(set(part)) > size // 2)


def vault_of(room: Room, *keys: DeploymentKey) -> Vault:
    deployment = DeploymentKeys(lambda: keys)
    return Vault(LocalStore(room.root), OrganizationKeys(room.db, deployment))


async def test_no_byte_of_content_and_no_key_is_in_what_is_stored(
    room: Room, above: asyncpg.Connection
) -> None:
    organization_id, files = await kept_files(room)
    haul = stored(room) + await dump(above)
    keys = OrganizationKeys(room.db, deployment_keys())
    opened = [await keys.find_seal(each) for each in files]
    secret = [DEPLOYMENT_KEY.key, (await keys.current(organization_id)).key]
    secret += [outer.unwrap(file, seal) for file, (seal, outer) in zip(files, opened, strict=True)]
    assert len({*secret}) == 2 + len(files)
    for each in secret:
        assert each not in haul
        assert each.hex().encode() not in haul
    for content in CONTENTS:
        assert next(windows(content)), "nothing was looked for"
        assert not [part for part in windows(content) if part in haul]
    for head in (b"%PDF-1", b"\x89PNG\r\n", b"JFIF"):
        assert head not in haul


async def test_with_the_right_key_all_of_it_is_there(room: Room) -> None:
    """Without which the test above would prove nothing."""
    _, files = await kept_files(room)
    for file, content in zip(files, CONTENTS, strict=True):
        assert await read_all(vault_of(room, DEPLOYMENT_KEY), file, 0, len(content)) == content


async def test_another_deployments_key_opens_nothing(room: Room) -> None:
    _, files = await kept_files(room)
    other = DeploymentKey.of(new_data_key())
    renamed = DeploymentKey(DEPLOYMENT_KEY.id, other.key)
    for file, content in zip(files, CONTENTS, strict=True):
        with pytest.raises(StoreUnavailable):
            await read_all(vault_of(room, other), file, 0, len(content))
        with pytest.raises(BlobAltered):
            await read_all(vault_of(room, renamed), file, 0, len(content))


async def test_nothing_that_lies_about_is_the_key_of_a_file(
    room: Room, above: asyncpg.Connection
) -> None:
    """Every 32 bytes of the seals and wrapped keys are tried as if they were a data key."""
    organization_id, files = await kept_files(room)
    found = await above.fetch(
        """select wrapped_key from seals where organization_id = $1
           union all select wrapped_key from organization_keys where organization_id = $1""",
        organization_id,
    )
    lying = (room.root / str(organization_id)).rglob(str(files[0].file_id))
    sealed = next(lying).read_bytes()
    bound = organization_id.bytes + files[0].file_id.bytes
    tried = [each["wrapped_key"][n : n + 32] for each in found for n in range(29)]
    for key in itertools.chain(tried, [bytes(32)]):
        cipher = SegmentCipher(key, sealed[:HEADER], bound)
        with pytest.raises(SegmentAltered):
            cipher.open(0, sealed[HEADER:], is_last=True)


async def test_a_thief_who_can_write_puts_no_plain_file_in_place_of_a_sealed_one(
    room: Room, above: asyncpg.Connection
) -> None:
    organization_id, files = await kept_files(room)
    file, forged = files[0], b"%PDF-1.7 forged, of the same size" + bytes(90_000 - 33)
    path = _path(room, file)
    path.write_bytes(forged)
    where = "where organization_id = $1 and blob_id = $2"
    attempts = [
        f"update seals set wrapped_key = substr(wrapped_key, 1, 28) {where}",
        f"update seals set wrapped_key = decode(repeat('00', 28), 'hex') {where}",
        f"delete from seals {where}",
        """insert into unsealed_blobs (organization_id, blob_id, size) values ($1, $2, 90000)""",
    ]
    for attempt in attempts:
        await above.execute(attempt, organization_id, file.file_id)
        with pytest.raises(BlobAltered):
            await read_all(vault_of(room, DEPLOYMENT_KEY), file, 0, 90_000)


async def test_who_removes_an_organisations_keys_loses_its_files(
    room: Room, above: asyncpg.Connection
) -> None:
    """The price of having it begin anew, with plain files: see decision 0016."""
    organization_id, files = await kept_files(room)
    forged = b"%PDF-1.7 forged"
    _path(room, files[0]).write_bytes(forged)
    for table in ("seals", "organization_keys"):
        await above.execute(f"delete from {table} where organization_id = $1", organization_id)
    await above.execute(
        "insert into unsealed_blobs (organization_id, blob_id, size) values ($1, $2, $3)",
        organization_id,
        files[0].file_id,
        len(forged),
    )
    vault = vault_of(room, DEPLOYMENT_KEY)
    assert await read_all(vault, files[0], 0, len(forged)) == forged
    for file, content in zip(files[1:], CONTENTS[1:], strict=True):
        with pytest.raises(BlobAltered):
            await read_all(vault, file, 0, len(content))


def _path(room: Room, file: BlobKey) -> Path:
    [path] = (room.root / str(file.organization_id)).rglob(str(file.file_id))
    return path
