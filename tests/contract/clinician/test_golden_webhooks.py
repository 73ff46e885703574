"""The administrators' calls about webhooks, answer by answer, against golden documents."""

from uuid import uuid4

import pytest
from httpx import AsyncClient

from casekeep.http.house import House
from casekeep.identity.model import Audience, Operator, Role
from casekeep.kernel.ids import WebhookId
from casekeep.webhooks.model import NewWebhook, Webhook, WebhookEvent
from casekeep.webhooks.registering import add_webhook, disable_webhook
from casekeep.webhooks.secrets import WebhookSecrets
from tests.contract.clinician.test_golden import check
from tests.support.clinician import open_case
from tests.support.house import SignedIn, make_account, signed_in_clinician
from tests.webhooks.test_addresses import answering


async def a_webhook(house: House, caller: SignedIn) -> Webhook:
    new = NewWebhook("CRM", "https://crm.example/hook", (WebhookEvent.CASE_OPENED,))
    webhook, _ = await add_webhook(
        house.db,
        house.audit,
        WebhookSecrets(b"k" * 32),
        answering("8.8.8.8"),
        actor=Operator(caller.organization_id),
        new=new,
    )
    return webhook


@pytest.fixture
async def clinician(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def caller(house: House, clinician: SignedIn) -> SignedIn:
    """An administrator of the clinician's organisation."""
    user = await make_account(house, clinician.organization_id, Role.ADMIN)
    tokens = await house.sign_in.open_for(user, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    return SignedIn(house, clinician.organization_id, user, tokens, None, headers)


async def test_webhooks_and_their_deliveries(
    house: House, root: AsyncClient, caller: SignedIn, clinician: SignedIn
) -> None:
    none = await root.get("/admin/webhooks", headers=caller.headers)
    check("webhooks-empty-200", none)
    webhook = await a_webhook(house, caller)
    listed = await root.get("/admin/webhooks", headers=caller.headers)
    check("webhooks-200", listed, webhook=str(webhook.id))

    path = f"/admin/webhooks/{webhook.id}/deliveries"
    cases = [(await open_case(root, clinician.headers))["case"]["case_id"] for _ in range(2)]
    first = await root.get(path, headers=caller.headers, params={"limit": "1"})
    ids = [first.json()["deliveries"][0]["delivery_id"]]
    check("deliveries-page-200", first, webhook=str(webhook.id), delivery=ids[0], case=cases[1])
    after = {"after": first.json()["next"], "state": "pending"}
    last = await root.get(path, headers=caller.headers, params=after)
    ids.append(last.json()["deliveries"][0]["delivery_id"])
    check("deliveries-last-page-200", last, webhook=str(webhook.id), delivery=ids[1], case=cases[0])
    failed = await root.get(path, headers=caller.headers, params={"state": "failed"})
    check("deliveries-empty-200", failed)

    replay = f"/admin/deliveries/{ids[1]}/replay"
    replayed = await root.post(replay, headers=caller.headers)
    known = {"webhook": str(webhook.id), "delivery": ids[1], "case": cases[0]}
    check("replay-200", replayed, **known)
    actor = Operator(caller.organization_id)
    await disable_webhook(house.db, house.audit, actor, webhook.id)
    check("replay-400", await root.post(replay, headers=caller.headers))


async def test_refused_requests(
    house: House, root: AsyncClient, caller: SignedIn, clinician: SignedIn
) -> None:
    webhook = await a_webhook(house, caller)
    path = f"/admin/webhooks/{webhook.id}/deliveries"
    headers = caller.headers
    check("token-401", await root.get("/admin/webhooks"))
    absent = f"/admin/webhooks/{WebhookId(uuid4())}/deliveries"
    check("webhook-404", await root.get(absent, headers=headers))
    replay = f"/admin/deliveries/{uuid4()}/replay"
    check("delivery-404", await root.post(replay, headers=headers))
    check("webhook-id-422", await root.get("/admin/webhooks/abc/deliveries", headers=headers))
    check("delivery-id-422", await root.post("/admin/deliveries/abc/replay", headers=headers))
    for name, params in (
        ("deliveries-state-422", {"state": "lost"}),
        ("deliveries-limit-422", {"limit": "0"}),
        ("deliveries-after-422", {"after": "00000000-0000-7000-8000-000000000000"}),
    ):
        check(name, await root.get(path, headers=headers, params=params))


async def test_only_administrators(house: House, root: AsyncClient, clinician: SignedIn) -> None:
    webhook = await a_webhook(house, clinician)
    headers = clinician.headers
    for answer in (
        await root.get("/admin/webhooks", headers=headers),
        await root.get(f"/admin/webhooks/{webhook.id}/deliveries", headers=headers),
        await root.get(f"/admin/webhooks/{uuid4()}/deliveries", headers=headers),
        await root.post(f"/admin/deliveries/{uuid4()}/replay", headers=headers),
    ):
        check("role-403", answer)
