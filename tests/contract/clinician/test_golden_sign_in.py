"""The refusals of the calls for signing in and out, against golden documents."""

from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from casekeep.http.house import House
from casekeep.identity.model import Role
from tests.contract.clinician.test_golden import check
from tests.support.factories import make_organization
from tests.support.house import PASSWORD, make_account, signed_in_clinician

TOKEN = "/auth/v1/token?grant_type=password"


async def test_too_many_passwords(house: House, root: AsyncClient) -> None:
    organization_id = await make_organization(house.db)
    account = await make_account(house, organization_id, Role.CLINICIAN, password=PASSWORD)
    tried = {"email": account.email, "password": "not the password"}
    for _ in range(21):  # the limit twice, in case that a new window begins meanwhile
        answer = await root.post(TOKEN, json=tried)
        if answer.status_code != 400:
            break
    check("token-429", answer, wait=answer.headers["retry-after"])


async def test_a_body_that_is_too_large(root: AsyncClient) -> None:
    body = {"email": "x" * 70_000, "password": ""}
    check("token-413", await root.post(TOKEN, json=body))


@pytest.mark.parametrize("grant", ["password", "refresh_token"])
async def test_a_body_that_is_no_json(root: AsyncClient, grant: str) -> None:
    answer = await root.post(f"/auth/v1/token?grant_type={grant}", content=b"{")
    check("token-json-422", answer)


async def test_a_field_of_the_wrong_kind(root: AsyncClient) -> None:
    check("token-field-422", await root.post(TOKEN, json={"email": 5, "password": "x"}))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method(root: AsyncClient, method: str) -> None:
    check("method-405", await root.request(method, "/auth/v1/token"))


async def test_empty_credentials_and_unknown_refresh_tokens(root: AsyncClient) -> None:
    for body in ({}, {"email": "", "password": ""}, {"email": f"{uuid4().hex}@example.net"}):
        check("grant-400", await root.post(TOKEN, json=body))
    for token in ("", "unknown", "\u00e9"):
        answer = await root.post(
            "/auth/v1/token?grant_type=refresh_token", json={"refresh_token": token}
        )
        check("refresh-400", answer)


@pytest.mark.parametrize("path", ["user", "logout", "logout?scope=global", "logout?scope=some"])
async def test_without_a_token(root: AsyncClient, path: str) -> None:
    method = "GET" if path == "user" else "POST"
    check("token-401", await root.request(method, f"/auth/v1/{path}"))


async def signing_out(root: AsyncClient, headers: dict[str, str], scope: str) -> Response:
    return await root.post("/auth/v1/logout", params={"scope": scope}, headers=headers)


async def test_signing_out_from_more_than_here(house: House, root: AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    check("logout-scope-422", await signing_out(root, caller.headers, "some"))
    for scope in ("others", "local"):
        check("logout-204", await signing_out(root, caller.headers, scope))
    check("token-401", await signing_out(root, caller.headers, "global"))
