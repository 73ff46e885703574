"""Keys of organisations in the real database: made once, opened by the deployment's key alone, and
what was kept before there were keys.
"""

import asyncio
from dataclasses import replace

import pytest

from casekeep.blobs import queries
from casekeep.blobs.deployment_keys import DeploymentKey, DeploymentKeys, DeploymentKeyUnknown
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.sealing.format import new_data_key
from casekeep.blobs.seals import destroy_seals, record_seals
from casekeep.blobs.store import BlobKey
from casekeep.blobs.wrapping import KeyNotOpened
from casekeep.db.database import Database
from casekeep.kernel.ids import FileId, OrganizationId, new_id
from tests.support.factories import make_organization
from tests.support.house import DEPLOYMENT_KEY, deployment_keys


def keys_of(db: Database, *keys: DeploymentKey) -> OrganizationKeys:
    return OrganizationKeys(db, DeploymentKeys(lambda: keys or (DEPLOYMENT_KEY,)))


def another_key() -> DeploymentKey:
    return DeploymentKey.of(new_data_key())


async def a_blob(db: Database) -> BlobKey:
    return BlobKey(await make_organization(db), FileId(new_id()))


async def kept_before_seals(db: Database, blob: BlobKey) -> None:
    """Enter a blob as the migration did with what it found."""
    async with db.transaction(blob.organization_id) as tx:
        await tx.execute(
            "insert into unsealed_blobs (organization_id, blob_id, size) values ($1, $2, 5)",
            blob.organization_id,
            blob.file_id,
        )


async def test_of_many_at_once_one_makes_the_key(db: Database) -> None:
    organization_id = await make_organization(db)
    made = await asyncio.gather(*(keys_of(db).current(organization_id) for _ in range(8)))
    assert len({each.key for each in made}) == len({each.id for each in made}) == 1
    async with db.transaction(organization_id) as tx:
        [kept] = await queries.key_uses(tx)
        wrapped = await queries.current_key(tx)
    assert kept.id == made[0].id
    assert wrapped is not None
    assert made[0].key not in wrapped.wrapped_key


async def test_a_seal_opens_for_its_own_blob_and_size_only(db: Database) -> None:
    blob, data_key = await a_blob(db), new_data_key()
    key = await keys_of(db).current(blob.organization_id)
    seal = key.wrap(blob, data_key, 3)
    assert key.unwrap(blob, seal) == data_key
    elsewhere = [
        (replace(blob, file_id=FileId(new_id())), seal),
        (replace(blob, organization_id=OrganizationId(new_id())), seal),
        (blob, replace(seal, size=4)),
        (blob, replace(seal, wrapped_key=bytes(60))),
    ]
    for other, shown in elsewhere:
        with pytest.raises(KeyNotOpened):
            key.unwrap(other, shown)


async def test_a_recorded_seal_is_found_until_it_is_destroyed(db: Database) -> None:
    blob = await a_blob(db)
    key = await keys_of(db).current(blob.organization_id)
    seal = key.wrap(blob, new_data_key(), 3)
    async with db.transaction(blob.organization_id) as tx:
        await record_seals(tx, {blob.file_id: seal, new_id(): None})
    assert await keys_of(db).find_seal(blob) == (seal, key)
    async with db.transaction(blob.organization_id) as tx:
        assert [await destroy_seals(tx, [blob.file_id]) for _ in range(2)] == [1, 0]
    assert await keys_of(db).find_seal(blob) is None


async def test_without_the_deployment_key_nothing_opens(db: Database) -> None:
    organization_id = await make_organization(db)
    await keys_of(db).current(organization_id)
    with pytest.raises(DeploymentKeyUnknown) as refused:
        await keys_of(db, another_key()).current(organization_id)
    assert refused.value.key_id == DEPLOYMENT_KEY.id
    # A key that only calls itself by that fingerprint opens nothing either.
    with pytest.raises(KeyNotOpened):
        await keys_of(db, replace(another_key(), id=DEPLOYMENT_KEY.id)).current(organization_id)


async def test_an_older_deployment_key_still_opens_what_it_wrapped(db: Database) -> None:
    organization_id = await make_organization(db)
    made = await keys_of(db).current(organization_id)
    later = keys_of(db, another_key(), DEPLOYMENT_KEY)
    assert await later.current(organization_id) == made


async def test_a_deployment_key_that_was_added_meanwhile_is_read(db: Database) -> None:
    organization_id, added = await make_organization(db), another_key()
    at_hand = [DEPLOYMENT_KEY]
    running = OrganizationKeys(db, DeploymentKeys(lambda: tuple(at_hand)))
    at_hand.insert(0, added)
    made = await keys_of(db, added).current(organization_id)
    assert await running.current(organization_id) == made


async def test_what_was_kept_before_is_vouched_for_with_the_first_key(db: Database) -> None:
    blob = await a_blob(db)
    await kept_before_seals(db, blob)
    found = await keys_of(db).find_seal(blob)
    assert found is not None
    seal, key = found
    assert (seal.size, key.unwrap(blob, seal)) == (5, b"")


async def test_and_never_after(db: Database) -> None:
    """Or whoever can write to the database could declare plain bytes to be an old file."""
    blob = await a_blob(db)
    await keys_of(db).current(blob.organization_id)
    await kept_before_seals(db, blob)
    assert await keys_of(db).find_seal(blob) is None


async def test_the_keys_in_use_are_known_by_fingerprint(db: Database) -> None:
    organization_id = await make_organization(db)
    before = (await queries.deployment_key_ids(db)).get(DEPLOYMENT_KEY.id, 0)
    await OrganizationKeys(db, deployment_keys()).current(organization_id)
    assert (await queries.deployment_key_ids(db))[DEPLOYMENT_KEY.id] == before + 1
