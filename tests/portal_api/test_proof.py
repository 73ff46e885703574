"""Who may call: key first, then token, then the rest of the request."""

from collections.abc import Callable

import httpx
import pytest

from casekeep.http.house import House
from casekeep.identity.api_keys import revoke_api_key
from casekeep.identity.model import Audience
from casekeep.kernel.clock import utc_now
from tests.support.factories import make_organization
from tests.support.house import (
    SignedIn,
    ago,
    api_key,
    signed_in_clinician,
    signed_in_patient,
    token_from,
)
from tests.support.portal import AUTH, FILES, NO_CASE, NOT_PROVEN, NOT_VALID, ids, refusal

ID = "550e8400-e29b-41d4-a716-446655440000"
NO_ORGANIZATION = (404, "Organization not found", "NOT_FOUND")

FILE_CALLS = [
    ("GET", FILES),
    ("GET", f"{FILES}/{ID}/metadata"),
    ("GET", f"{FILES}/{ID}/download"),
    ("POST", f"{FILES}/upload"),
    ("PATCH", f"{FILES}/{ID}/metadata"),
    ("DELETE", f"{FILES}/{ID}"),
]
AUTH_CALLS = [
    ("POST", f"{AUTH}/{call}") for call in ("send-otp", "verify-otp", "refresh-token", "logout")
]


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


@pytest.mark.parametrize(("method", "path"), FILE_CALLS)
async def test_every_file_call_wants_key_and_token(
    portal: httpx.AsyncClient, patient: SignedIn, method: str, path: str
) -> None:
    without_key = patient.with_headers(cv_api_key=None)
    without_token = patient.with_headers(authorization=None)

    assert refusal(await portal.request(method, path)) == NOT_VALID
    assert refusal(await portal.request(method, path, headers=without_key)) == NOT_VALID
    assert refusal(await portal.request(method, path, headers=without_token)) == NOT_PROVEN


@pytest.mark.parametrize(("method", "path"), AUTH_CALLS)
async def test_every_auth_call_wants_a_known_key(
    portal: httpx.AsyncClient, patient: SignedIn, method: str, path: str
) -> None:
    unknown = str(patient.key)[:-1] + ("A" if str(patient.key)[-1] != "A" else "B")

    async def answer(headers: dict[str, str]) -> tuple[int, str, str]:
        return refusal(await portal.request(method, path, headers=headers, json={}))

    assert await answer({}) == NOT_VALID
    assert await answer({"cv-api-key": ""}) == NOT_VALID
    assert await answer({"cv-api-key": unknown}) == NO_ORGANIZATION
    assert await answer({"cv-api-key": "nonsense"}) == NO_ORGANIZATION
    assert await answer({"cv-api-key": str(patient.key)}) == NOT_VALID


async def test_checks_come_in_the_order_of_the_contract(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    """Each request is wrong in every later way too."""
    bad = f"{FILES}?caseId=x"

    async def answer(path: str, **headers: str | None) -> tuple[int, str, str]:
        return refusal(await portal.get(path, headers=patient.with_headers(**headers)))

    assert await answer(bad, cv_api_key=None, authorization="Bearer x") == NOT_VALID
    assert await answer(bad, authorization="Bearer x") == NOT_PROVEN
    assert await answer(f"{bad}&caseId={ID}") == NOT_VALID
    assert await answer(f"{FILES}?caseId={ID}&type=x") == NOT_VALID
    assert await answer(f"{FILES}?caseId={ID}") == NO_CASE


async def test_the_right_proof_is_let_in(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    token = patient.tokens.access_token

    for authorization in (f"Bearer {token}", f"bearer {token}", f"BEARER  {token} "):
        headers = patient.with_headers(authorization=authorization)
        assert ids(await portal.get(FILES, headers=headers)) == []


Spoil = Callable[[str], str]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token,
        lambda token: f"Basic {token}",
        lambda token: f"Bearer{token}",
        lambda _: "Bearer",
        lambda _: "Bearer ",
        lambda _: "Bearer null",
        lambda token: f"Bearer {token[:-2]}",
        lambda token: f"Bearer {token}x",
        lambda token: f"Bearer {token} {token}",
        lambda token: f"Bearer {token.rpartition('.')[0]}.",
        lambda token: "Bearer eyJhbGciOiJub25lIn0." + token.split(".")[1] + ".",
        lambda _: "Bearer " + "a" * 10_000,
    ],
)
async def test_a_spoilt_token_is_refused(
    portal: httpx.AsyncClient, patient: SignedIn, spoil: Spoil
) -> None:
    headers = patient.with_headers(authorization=spoil(patient.tokens.access_token))

    assert refusal(await portal.get(FILES, headers=headers)) == NOT_PROVEN


async def test_an_expired_token_is_refused(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    old = token_from(patient, ago(minutes=15, seconds=1), Audience.PATIENT_PORTAL)
    young = token_from(patient, ago(minutes=14), Audience.PATIENT_PORTAL)

    async def status(token: str) -> int:
        headers = patient.with_headers(authorization=f"Bearer {token}")
        return (await portal.get(FILES, headers=headers)).status_code

    assert await status(young) == 200
    assert await status(old) == 401


async def test_a_token_of_the_other_contract_is_refused(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    clinician = await signed_in_clinician(house, patient.organization_id)
    theirs = clinician.tokens.access_token
    disguised = token_from(clinician, utc_now, Audience.PATIENT_PORTAL)
    mine_for_the_other = token_from(patient, utc_now, Audience.CLINICIAN)

    for token in (theirs, disguised, mine_for_the_other, patient.tokens.refresh_token):
        headers = patient.with_headers(authorization=f"Bearer {token}")
        assert refusal(await portal.get(FILES, headers=headers)) == NOT_PROVEN


async def test_key_and_token_of_two_organisations_are_refused(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    stranger = await signed_in_patient(house)

    headers = patient.with_headers(cv_api_key=stranger.key)
    assert refusal(await portal.get(FILES, headers=headers)) == NOT_PROVEN
    headers = stranger.with_headers(cv_api_key=patient.key)
    assert refusal(await portal.get(FILES, headers=headers)) == NOT_PROVEN


async def test_an_unknown_key_is_told_like_a_bad_token(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    for key in ("nonsense", str(patient.key)[:-1], str(patient.key) + "A", "x" * 5000):
        headers = patient.with_headers(cv_api_key=key)
        assert refusal(await portal.get(FILES, headers=headers)) == NOT_PROVEN


async def test_several_keys_are_live_and_each_can_be_revoked(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    kept, secret = await api_key(house, patient.organization_id)
    headers = patient.with_headers(cv_api_key=secret)
    assert (await portal.get(FILES, headers=headers)).status_code == 200
    assert (await portal.get(FILES, headers=patient.headers)).status_code == 200

    await revoke_api_key(house.db, house.audit, patient.organization_id, kept.id)

    await forgotten(portal, headers)
    assert refusal(await portal.get(FILES, headers=headers)) == NOT_PROVEN
    call = await portal.post(f"{AUTH}/logout", headers={"cv-api-key": secret}, json={})
    assert refusal(call) == NO_ORGANIZATION
    assert (await portal.get(FILES, headers=patient.headers)).status_code == 200


async def test_a_repeated_header_is_refused(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    twice = [*patient.headers.items()]

    keys = [*twice, ("cv-api-key", str(patient.key))]
    assert refusal(await portal.get(FILES, headers=keys)) == NOT_VALID
    tokens = [*twice, ("authorization", patient.headers["authorization"])]
    assert refusal(await portal.get(FILES, headers=tokens)) == NOT_PROVEN


async def test_a_disabled_user_is_gone(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    async with house.db.transaction(patient.organization_id) as tx:
        await tx.execute("update users set disabled_at = now() where id = $1", patient.user.id)

    assert refusal(await portal.get(FILES, headers=patient.headers)) == NOT_PROVEN


async def test_a_key_without_an_organisation_behind_it(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    """A key of another organisation that has nobody in it is no better than none."""
    _, secret = await api_key(house, await make_organization(house.db))

    headers = patient.with_headers(cv_api_key=secret)
    assert refusal(await portal.get(FILES, headers=headers)) == NOT_PROVEN


async def forgotten(portal: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Wait until the word of a revocation has come: it travels through the database."""
    for _ in range(500):
        if (await portal.get(FILES, headers=headers)).status_code != 200:
            return
