"""Rotating keys under kept files: nothing becomes unreadable, no byte is rewritten, and a rotation
that was ended half-way is finished by the next.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from casekeep.blobs.deployment_keys import DeploymentKey, DeploymentKeys
from casekeep.blobs.local import LocalStore
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.sealing.format import new_data_key
from casekeep.blobs.seals import record_seals
from casekeep.blobs.store import BlobKey, StoreUnavailable
from casekeep.blobs.vault import Vault
from casekeep.files import rotating
from casekeep.files.rotating import Rotated, rotate_organization_key, show_keys
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import OrganizationId
from tests.blobs.contract import fresh_key, keep, read_all, some_bytes
from tests.files.room import Room
from tests.support.factories import make_organization
from tests.support.house import DEPLOYMENT_KEY, ago, deployment_keys


def vault(room: Room, *keys: DeploymentKey) -> Vault:
    """As another process would have it: it remembers nothing."""
    deployment = DeploymentKeys(lambda: keys or (DEPLOYMENT_KEY,))
    return Vault(LocalStore(room.root), OrganizationKeys(room.db, deployment))


async def kept_blobs(room: Room, organization_id: OrganizationId, count: int) -> list[BlobKey]:
    store = vault(room)
    keys = [fresh_key(organization_id) for _ in range(count)]
    written = {key.file_id: (await keep(store, key, some_bytes(99))).seal for key in keys}
    async with room.db.transaction(organization_id) as tx:
        await record_seals(tx, written)
    return keys


def bytes_below(root: Path) -> set[bytes]:
    return {path.read_bytes() for path in root.rglob("*") if path.is_file()}


async def rotate(room: Room, organization_id: OrganizationId) -> Rotated:
    return await rotate_organization_key(room.db, room.audit, deployment_keys(), organization_id)


async def seals_by_key(room: Room, organization_id: OrganizationId) -> list[tuple[bool, int]]:
    """Whether each key is retired, and how many seals it has."""
    return [
        (each.retired_at is not None, each.seals)
        for each in await show_keys(room.db, organization_id)
    ]


async def test_an_organisation_gets_a_new_key_and_keeps_its_files(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "_AT_ONCE", 3)
    organization_id = await make_organization(room.db)
    keys = await kept_blobs(room, organization_id, 8)
    before = bytes_below(room.root)
    seen: list[tuple[int, int]] = []
    done = await rotate_organization_key(
        room.db,
        room.audit,
        deployment_keys(),
        organization_id,
        progress=lambda *counts: seen.append(counts),
    )
    assert done == Rotated(is_new=True, rewrapped=8)
    assert seen == [(3, 8), (6, 8), (8, 8)]
    assert await seals_by_key(room, organization_id) == [(True, 0), (False, 8)]
    assert bytes_below(room.root) == before
    for key in keys:
        assert await read_all(vault(room), key, 0, 99) == some_bytes(99)
    assert await room.events(organization_id) == [("keys.rotated", "done")]


async def test_a_rotation_ended_half_way_is_finished_by_the_next(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "_AT_ONCE", 2)
    organization_id = await make_organization(room.db)
    keys = await kept_blobs(room, organization_id, 5)

    class Killed(Exception):
        pass

    def die(*_: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        await rotate_organization_key(
            room.db, room.audit, deployment_keys(), organization_id, progress=die
        )
    assert await seals_by_key(room, organization_id) == [(True, 3), (False, 2)]
    for key in keys:
        assert await read_all(vault(room), key, 0, 99) == some_bytes(99)
    assert await rotate(room, organization_id) == Rotated(is_new=False, rewrapped=3)
    assert await seals_by_key(room, organization_id) == [(True, 0), (False, 5)]
    assert await rotate(room, organization_id) == Rotated(is_new=True, rewrapped=5)
    assert await room.events(organization_id) == [("keys.rotated", "done")] * 2


async def test_a_key_that_opens_nothing_is_destroyed_a_day_later(room: Room) -> None:
    """So that a seal in an old backup of the database opens nothing by the keys of today."""
    organization_id = await make_organization(room.db)
    await kept_blobs(room, organization_id, 2)
    await rotate(room, organization_id)
    assert await rotate(room, organization_id) == Rotated(is_new=True, rewrapped=2)
    assert await seals_by_key(room, organization_id) == [(True, 0), (True, 0), (False, 2)]
    later = await rotate_organization_key(
        room.db, room.audit, deployment_keys(), organization_id, clock=ago(days=-2)
    )
    assert later == Rotated(is_new=True, rewrapped=2, destroyed=2)
    assert await seals_by_key(room, organization_id) == [(True, 0), (False, 2)]


async def test_a_process_that_has_the_old_key_goes_on_and_loses_nothing(room: Room) -> None:
    organization_id = await make_organization(room.db)
    running = vault(room)
    [first] = await kept_blobs(room, organization_id, 1)
    assert await read_all(running, first, 0, 99) == some_bytes(99)
    late = fresh_key(organization_id)
    async with running.receive(late) as writer:
        await writer.write(some_bytes(99))
        await rotate(room, organization_id)
        written = await writer.finish()
    async with room.db.transaction(organization_id) as tx:
        await record_seals(tx, {late.file_id: written.seal})
    assert await read_all(vault(room), late, 0, 99) == some_bytes(99)
    assert await rotate(room, organization_id) == Rotated(is_new=False, rewrapped=1)
    assert await read_all(vault(room), late, 0, 99) == some_bytes(99)


async def test_a_new_deployment_key_wraps_every_key_and_the_old_opens_none(room: Room) -> None:
    organization_id = await make_organization(room.db)
    [key] = await kept_blobs(room, organization_id, 1)
    await rotate(room, organization_id)
    new = DeploymentKey.of(new_data_key())
    both = DeploymentKeys(lambda: (new, DEPLOYMENT_KEY))
    async with room.db.transaction(organization_id) as tx:
        assert await rotating._rewrap_keys(tx, room.audit, both) == 2
    async with room.db.transaction(organization_id) as tx:
        assert await rotating._rewrap_keys(tx, room.audit, both) == 0
    assert await read_all(vault(room, new), key, 0, 99) == some_bytes(99)
    with pytest.raises(StoreUnavailable):
        await read_all(vault(room), key, 0, 99)
    assert await room.events(organization_id) == [("keys.rotated", "done")] * 3


async def test_a_rotation_that_another_overtakes_ends(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key that it wraps by is retired under it: what it wrapped is found again and again."""
    organization_id = await make_organization(room.db)
    await kept_blobs(room, organization_id, 3)
    rewrap_some, calls = rotating._rewrap_some, [0]

    async def overtaken(*args: Any) -> int:
        calls[0] += 1
        if calls[0] == 2:
            async with room.db.transaction(organization_id) as tx:
                await rotating._replace_key(tx, room.audit, deployment_keys(), utc_now)
        return await rewrap_some(*args)

    monkeypatch.setattr(rotating, "_rewrap_some", overtaken)
    async with asyncio.timeout(10):
        await rotate(room, organization_id)
    assert await rotate(room, organization_id) == Rotated(is_new=False, rewrapped=3)
    assert (await seals_by_key(room, organization_id))[-1] == (False, 3)
