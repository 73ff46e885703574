from datetime import datetime, timedelta

import pytest

from casekeep.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from casekeep.kernel.errors import InputNotValid, OrganizationNotKnown
from casekeep.kernel.ids import ApiKeyId, new_id
from tests.identity.conftest import Office, soon
from tests.support.factories import make_organization


async def test_a_key_names_its_organisation(office: Office) -> None:
    key, secret = await create_api_key(office.db, office.audit, office.organization_id, " Portal ")
    partner = await (await office.gate()).partner(secret)
    assert (partner.organization_id, partner.api_key_id) == (office.organization_id, key.id)
    assert key.label == "Portal"
    assert ("apikey.created", "done") in await office.audited()


async def test_several_live_side_by_side_and_each_can_be_revoked(office: Office) -> None:
    one, two = [await office.gate(), await office.gate()]
    kept, kept_secret = await create_api_key(
        office.db, office.audit, office.organization_id, "kept"
    )
    gone, gone_secret = await create_api_key(
        office.db, office.audit, office.organization_id, "gone"
    )
    for gate in (one, two):
        await gate.partner(kept_secret)
        await gate.partner(gone_secret)
    await revoke_api_key(office.db, office.audit, office.organization_id, gone.id)
    for gate in (one, two):
        await soon(lambda gate=gate: gate.partner(gone_secret), OrganizationNotKnown)
        assert (await gate.partner(kept_secret)).api_key_id == kept.id
    listed = await list_api_keys(office.db, office.organization_id)
    assert [(key.label, key.revoked_at is not None) for key in listed] == [
        ("kept", False), ("gone", True)
    ]  # fmt: skip
    assert ("apikey.revoked", "done") in await office.audited()


async def test_its_last_use_is_recorded_to_the_minute(office: Office) -> None:
    gate = await office.gate()
    _, secret = await create_api_key(office.db, office.audit, office.organization_id, "used")

    async def last_use() -> datetime | None:
        return (await list_api_keys(office.db, office.organization_id))[0].last_used_at

    assert await last_use() is None
    await gate.partner(secret)
    first = await last_use()
    assert first is not None
    office.clock.turn(seconds=30)
    await gate.partner(secret)
    await (await office.gate()).partner(secret)
    assert await last_use() == first
    office.clock.turn(seconds=40)
    await gate.partner(secret)
    assert (await last_use() or first) - first >= timedelta(minutes=1)


async def test_only_a_digest_is_kept(office: Office) -> None:
    _, secret = await create_api_key(office.db, office.audit, office.organization_id, "label")
    async with office.db.transaction(office.organization_id) as tx:
        kept = str(await tx.fetch("select k::text from api_keys k"))
    assert secret not in kept
    assert secret.encode().hex() not in kept


async def test_nonsense_names_nobody(office: Office) -> None:
    gate = await office.gate()
    _, secret = await create_api_key(office.db, office.audit, office.organization_id, "label")
    for key in ("", "x", secret[:-1], secret[:-1] + ("a" if secret[-1] != "a" else "b"), "\ud800"):
        with pytest.raises(OrganizationNotKnown):
            await gate.partner(key)


async def test_what_cannot_be_done_is_refused(office: Office) -> None:
    key, _ = await create_api_key(office.db, office.audit, office.organization_id, "label")
    elsewhere = await make_organization(office.db)
    for organization_id, key_id in (
        (elsewhere, key.id),
        (office.organization_id, ApiKeyId(new_id())),
    ):
        with pytest.raises(InputNotValid):
            await revoke_api_key(office.db, office.audit, organization_id, key_id)
    for label in ("", " ", "x" * 101, "a\nb"):
        with pytest.raises(InputNotValid):
            await create_api_key(office.db, office.audit, office.organization_id, label)
