"""The GoTrue-style sign-in, over HTTP."""

from dataclasses import replace
from typing import NoReturn

import pytest
from httpx import AsyncClient, Response

from casekeep.clinician_api.app import build_app
from casekeep.http.house import House
from casekeep.identity.model import Audience, Role, User
from casekeep.identity.signing_in import SignIn
from casekeep.kernel.clock import utc_now
from tests.support.clinician import refusal
from tests.support.factories import make_organization
from tests.support.house import (
    PASSWORD,
    access_tokens,
    ago,
    client,
    make_account,
    signed_in_clinician,
    signed_in_patient,
    token_from,
)

NOT_PROVEN = (401, "Invalid or expired token")
WRONG = {"error": "invalid_grant", "error_description": "Invalid login credentials"}
STALE = {"error": "invalid_grant", "error_description": "Invalid Refresh Token"}


async def sign_in(client: AsyncClient, email: str | None, password: str) -> Response:
    return await client.post(
        "/auth/v1/token?grant_type=password", json={"email": email, "password": password}
    )


async def refresh(client: AsyncClient, token: str) -> Response:
    return await client.post(
        "/auth/v1/token?grant_type=refresh_token", json={"refresh_token": token}
    )


async def clinicians_account(house: House) -> User:
    organization = await make_organization(house.db)
    return await make_account(house, organization, Role.CLINICIAN, password=PASSWORD)


async def test_password_gives_tokens_in_the_shape_that_gotrue_clients_read(
    house: House, clinician: AsyncClient
) -> None:
    account = await clinicians_account(house)
    response = await sign_in(clinician, account.email, PASSWORD)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert set(body) == {
        *("access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user")
    }
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 3600
    assert {"id", "email", "role", "user_metadata"} <= set(body["user"])
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    me = await clinician.get("/auth/v1/user", headers=headers)
    assert me.status_code == 200
    assert me.json() == body["user"]
    assert me.json()["id"] == str(account.id)


async def test_unknown_users_and_wrong_passwords_are_told_alike(
    house: House, clinician: AsyncClient
) -> None:
    account = await clinicians_account(house)
    for email in (account.email, "nobody@example.org", "", "no address"):
        response = await sign_in(clinician, email, "not the password")
        assert (response.status_code, response.json()) == (400, WRONG)


async def test_a_replayed_refresh_token_ends_its_family(
    house: House, clinician: AsyncClient
) -> None:
    account = await clinicians_account(house)
    first = (await sign_in(clinician, account.email, PASSWORD)).json()
    second = await refresh(clinician, first["refresh_token"])
    assert second.status_code == 200
    replayed = await refresh(clinician, first["refresh_token"])
    assert (replayed.status_code, replayed.json()) == (400, STALE)
    ended = await refresh(clinician, second.json()["refresh_token"])
    assert (ended.status_code, ended.json()) == (400, STALE)
    headers = {"Authorization": f"Bearer {second.json()['access_token']}"}
    assert refusal(await clinician.get("/auth/v1/user", headers=headers)) == NOT_PROVEN


async def test_signing_out_ends_the_sign_in(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    out = await clinician.post("/auth/v1/logout", headers=caller.headers)
    assert (out.status_code, out.content) == (204, b"")
    assert refusal(await clinician.get("/auth/v1/user", headers=caller.headers)) == NOT_PROVEN
    assert (await refresh(clinician, caller.tokens.refresh_token)).json() == STALE


async def test_every_bad_token_is_told_alike(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    patient = await signed_in_patient(house)
    expired = token_from(caller, ago(hours=2), Audience.CLINICIAN)
    bad = [None, "", "Basic abc", "Bearer", "Bearer x.y.z", f"Bearer {expired}"]
    for authorization in [*bad, patient.headers["authorization"]]:
        headers = {} if authorization is None else {"Authorization": authorization}
        response = await clinician.get("/auth/v1/user", headers=headers)
        assert refusal(response) == NOT_PROVEN
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("grant", ["", "?grant_type=", "?grant_type=magic"])
async def test_an_unknown_grant_is_told(clinician: AsyncClient, grant: str) -> None:
    response = await clinician.post(f"/auth/v1/token{grant}", json={})
    assert response.status_code == 400
    assert response.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    ("body", "kind", "where"),
    [
        (b"", "value_error", ["body"]),
        (b"{", "json_invalid", ["body"]),
        (b"\xff", "json_invalid", ["body"]),
        (b'{"email": "\xff"}', "json_invalid", ["body"]),
        (b'{"\xff": 1}', "json_invalid", ["body"]),
        (b"[" * 20000, "json_invalid", ["body"]),
        (b"[]", "value_error", ["body"]),
        (b'{"email": 1}', "value_error", ["body", "email"]),
    ],
)
async def test_a_body_that_does_not_parse_is_told_as_a_list(
    clinician: AsyncClient, body: bytes, kind: str, where: list[str]
) -> None:
    response = await clinician.post(
        "/auth/v1/token?grant_type=password",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    status, (problem,) = refusal(response)
    assert status == 422
    assert (problem["type"], problem["loc"]) == (kind, where)


async def test_text_of_our_own_that_is_not_utf_8_stays_a_failure(
    house: House, clinician: AsyncClient
) -> None:
    class Broken(SignIn):
        async def refresh(self, *_: object, **__: object) -> NoReturn:
            b"\xff".decode()
            raise AssertionError

    broken = Broken(house.db, access_tokens(), house.audit, utc_now)
    async with client(build_app(replace(house, sign_in=broken))) as edge:
        answer = await edge.post("/auth/v1/token?grant_type=refresh_token", json={})
    assert answer.status_code == 500


@pytest.mark.parametrize("grant", ["password", "refresh_token"])
async def test_every_grant_reads_utf_8_only(clinician: AsyncClient, grant: str) -> None:
    response = await clinician.post(
        f"/auth/v1/token?grant_type={grant}", content=b'{"refresh_token": "\xe9"}'
    )
    status, (problem,) = refusal(response)
    assert (status, problem["type"]) == (422, "json_invalid")


async def test_two_tokens_are_none(house: House, clinician: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    token = caller.headers["authorization"]
    for other in (token, "Bearer x", "Basic abc"):
        for both in ((token, other), (other, token)):
            headers = [("authorization", each) for each in both]
            answer = await clinician.get("/auth/v1/user", headers=headers)
            assert refusal(answer) == NOT_PROVEN


async def test_a_body_over_the_limit(clinician: AsyncClient) -> None:
    response = await clinician.post(
        "/auth/v1/token?grant_type=password", json={"email": "x" * 70_000, "password": ""}
    )
    assert refusal(response) == (413, "Request body too large")


async def test_many_wrong_passwords_are_limited_alike(house: House, clinician: AsyncClient) -> None:
    account = await clinicians_account(house)
    for email in (str(account.email), f"nobody-{account.id}@example.org"):
        for _ in range(21):  # the limit twice, in case that a new window begins meanwhile
            response = await sign_in(clinician, email, "not the password")
            if response.status_code != 400:
                break
        assert refusal(response) == (429, "Too many requests"), email
        assert 1 <= int(response.headers["retry-after"]) <= 900
    right = await sign_in(clinician, str(account.email), PASSWORD)
    assert right.status_code == 429
