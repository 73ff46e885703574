"""Signing out of this sign-in, of all, and of all but this; and with another issuer's token."""

from collections.abc import Iterable

import pytest
from httpx import AsyncClient

from casekeep.http.house import House
from casekeep.identity.issuers import trust_issuer
from casekeep.identity.model import Audience
from casekeep.kernel.ids import new_id
from tests.support.house import SignedIn, signed_in_clinician
from tests.support.issuer import Issuer


async def again(caller: SignedIn) -> dict[str, str]:
    """What the same user's other device sends along."""
    tokens = await caller.house.sign_in.open_for(caller.user, Audience.CLINICIAN)
    return caller.with_headers(authorization=f"Bearer {tokens.access_token}")


async def statuses(client: AsyncClient, *senders: dict[str, str]) -> list[int]:
    return [(await client.get("/auth/v1/user", headers=headers)).status_code for headers in senders]


async def audited(caller: SignedIn) -> Iterable[str]:
    async with caller.house.db.transaction(caller.organization_id) as tx:
        rows = await tx.fetch(
            "select action from audit_events where organization_id = $1 order by id",
            caller.organization_id,
        )
    return [row["action"] for row in rows]


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", [401, 200, 200]),
        ("?scope=local", [401, 200, 200]),
        ("?scope=others", [200, 401, 401]),
        ("?scope=global", [401, 401, 401]),
    ],
)
async def test_what_is_left_of_a_users_sign_ins(
    house: House, clinician: AsyncClient, query: str, left: list[int]
) -> None:
    caller = await signed_in_clinician(house)
    colleague = await signed_in_clinician(house, caller.organization_id)
    senders = [caller.headers, await again(caller), await again(caller)]
    assert await statuses(clinician, *senders) == [200, 200, 200]
    out = await clinician.post(f"/auth/v1/logout{query}", headers=caller.headers)
    assert (out.status_code, out.content) == (204, b"")
    assert await statuses(clinician, *senders) == left
    assert await statuses(clinician, colleague.headers) == [200]
    ended = [action for action in await audited(caller) if action == "signin.ended"]
    assert len(ended) == left.count(401)


@pytest.mark.parametrize("scope", ["local", "others", "global"])
async def test_a_token_of_an_issuer_ends_no_sign_in_at_the_issuer(
    house: House, clinician: AsyncClient, issuer: Issuer, scope: str
) -> None:
    caller = await signed_in_clinician(house)
    audience = f"https://{new_id().hex}.example"
    await trust_issuer(
        house.db,
        house.audit,
        caller.organization_id,
        issuer=issuer.url,
        audience=audience,
        allows_http=True,
    )
    token = issuer.token(
        "a subject", audience=audience, email=caller.user.email, email_verified=True
    )
    external = {"authorization": f"Bearer {token}"}
    me = await clinician.get("/auth/v1/user", headers=external)
    assert me.json()["id"] == str(caller.user.id)
    out = await clinician.post(f"/auth/v1/logout?scope={scope}", headers=external)
    assert (out.status_code, out.content) == (204, b"")
    own = 200 if scope == "local" else 401
    assert await statuses(clinician, external, caller.headers) == [200, own]
