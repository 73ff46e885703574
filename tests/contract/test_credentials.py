"""Every call of both documents with no proof, and with every wrong one: always the refusal of the
contract, before anything else of the request is looked at. A new call is tried as soon as it is in
a document.
"""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from casekeep.http.house import House
from casekeep.identity.api_keys import revoke_api_key
from casekeep.identity.model import Audience
from casekeep.identity.tokens import AccessTokens
from casekeep.kernel.clock import utc_now
from tests.support.filling import Filled, bare, fill
from tests.support.house import SignedIn, ago, api_key, signed_in_patient, token_from
from tests.support.openapi import Call, calls_of, read_document
from tests.support.portal import AUTH
from tests.support.tenant import Clinic, furnish
from tests.support.walking import unsigned

Headers = Mapping[str, str]
Told = tuple[int, Any]

NO_TOKEN = (401, {"detail": "Invalid or expired token"})


def enveloped(status: int, error: str, code: str = "VALIDATION_ERROR") -> Told:
    return status, {"status": status, "success": False, "error": error, "code": code}


NO_KEY = enveloped(400, "Validation failed")
NOT_PROVEN = enveloped(401, "Invalid or expired token")
NO_ORGANIZATION = enveloped(404, "Organization not found", "NOT_FOUND")
NO_FILE = enveloped(404, "File not found")
BEARER, KEY, KEY_AND_TOKEN = {"bearer"}, {"apiKey"}, {"apiKey", "accessToken"}


@pytest.fixture
async def clinic(house: House, clinician: httpx.AsyncClient, portal: httpx.AsyncClient) -> Clinic:
    return await furnish(house, clinician, portal)


def asked(clinic: Clinic, call: Call, token: str = "") -> list[Filled]:
    """The call with nothing in it, and as its owner would make it."""
    names = {**next(clinic.names("nonsense")), "token": token}
    return [bare(call), fill(call, names)[-1]]


async def refuse(
    api: httpx.AsyncClient, clinic: Clinic, calls: list[Call], headers: Headers, wanted: Told
) -> None:
    """Each call, made so, is refused so."""
    assert calls
    for call in calls:
        for each in asked(clinic, call):
            answer = await each.send(api, headers)
            assert answer.status_code == wanted[0], f"{each}: {answer.text}"
            if call.method != "HEAD":
                assert answer.json() == wanted[1], str(each)
            if wanted is NO_TOKEN:
                assert answer.headers["www-authenticate"] == "Bearer"


async def test_without_any_proof(
    clinician: httpx.AsyncClient, portal: httpx.AsyncClient, clinic: Clinic
) -> None:
    for api in (clinician, portal):
        for call in calls_of(await read_document(api)):
            if call.proof == BEARER:
                await refuse(api, clinic, [call], {}, NO_TOKEN)
            elif call.proof:
                assert call.proof in (KEY, KEY_AND_TOKEN), f"{call}: a proof of a new kind"
                await refuse(api, clinic, [call], {}, NO_KEY)


async def test_what_wants_no_header_wants_a_proof_of_another_kind(
    clinician: httpx.AsyncClient, portal: httpx.AsyncClient, clinic: Clinic
) -> None:
    """Sign-in and signed URLs; nothing else may be open."""
    open_calls = {
        str(call): call
        for api in (clinician, portal)
        for call in calls_of(await read_document(api))
        if not call.proof
    }
    signed = ["GET /api/v1/files/content", "HEAD /api/v1/files/content"]
    assert sorted(open_calls) == sorted([*signed, "POST /auth/v1/token"])

    for each in fill(open_calls["POST /auth/v1/token"], next(clinic.names("nonsense"))):
        answer = await each.send(clinician, {})
        assert (answer.status_code, list(answer.json())) == (400, ["error", "error_description"])
    file_id = clinic.files[0].id
    wrong = [
        "nonsense",
        unsigned(clinic.link(file_id)),
        clinic.link(file_id)[:-4] + "AAAA",
        clinic.patient.tokens.access_token,
        clinic.patient.tokens.refresh_token,
        clinic.clinician.tokens.access_token,
        str(clinic.patient.key),
    ]
    for name in signed:
        for token in wrong:
            answer = await asked(clinic, open_calls[name], token)[-1].send(portal, {})
            assert answer.status_code == 404, token
            assert name.startswith("HEAD") or answer.json() == NO_FILE[1]


async def wrong_tokens(clinic: Clinic, audience: Audience) -> dict[str, str]:
    """Authorization fields that prove nothing, by what is wrong with each. All but one are as near
    to a right one as can be.
    """
    owner, other = clinic.clinician, clinic.patient
    if audience is Audience.PATIENT_PORTAL:
        owner, other = other, owner
    right = owner.tokens.access_token
    head, claims, signature = right.split(".")
    foreign = AccessTokens(b"a secret of somebody else, as long", utc_now)
    return {
        "nothing": "Bearer ",
        "garbage": "Bearer nonsense",
        "another scheme": f"Basic {right}",
        "no scheme": right,
        "the other contract": f"Bearer {other.tokens.access_token}",
        "expired": f"Bearer {token_from(owner, ago(hours=2), audience)}",
        "alg none": f"Bearer {unsigned(right)}",
        "no signature": f"Bearer {head}.{claims}.",
        "another's claims": f"Bearer {head}.{other.tokens.access_token.split('.')[1]}.{signature}",
        "another secret": "Bearer "
        + foreign.issue(owner.user, owner.tokens.sign_in_id, audience)[0],
        "a refresh token": f"Bearer {owner.tokens.refresh_token}",
        "an API key": f"Bearer {clinic.patient.key}",
        "a signed link": f"Bearer {clinic.link(clinic.files[0].id)}",
        "a sign-in that ended": await ended(clinic, owner, audience),
        "an account that is closed": await closed(clinic, owner, audience),
    }


async def ended(clinic: Clinic, owner: SignedIn, audience: Audience) -> str:
    tokens = await clinic.house.sign_in.open_for(owner.user, audience)
    await clinic.house.sign_in.sign_out(sign_in=(clinic.organization_id, tokens.sign_in_id))
    return f"Bearer {tokens.access_token}"


async def closed(clinic: Clinic, owner: SignedIn, audience: Audience) -> str:
    """A token of somebody with the same role in the same clinic, whose account was closed since."""
    house = clinic.house
    other = await signed_in_patient(house, clinic.organization_id)
    tokens = await house.sign_in.open_for(other.user, audience)
    async with house.db.transaction(clinic.organization_id) as tx:
        await tx.execute(
            "update users set role = $2, disabled_at = now() where id = $1",
            other.user.id,
            owner.user.role.value,
        )
    return f"Bearer {tokens.access_token}"


async def test_every_wrong_token_at_the_clinicians_door(
    clinician: httpx.AsyncClient, clinic: Clinic
) -> None:
    calls = [call for call in calls_of(await read_document(clinician)) if call.proof == BEARER]
    for field in (await wrong_tokens(clinic, Audience.CLINICIAN)).values():
        await refuse(clinician, clinic, calls, {"authorization": field}, NO_TOKEN)
    await refuse(clinician, clinic, calls, {"cv-api-key": str(clinic.patient.key)}, NO_TOKEN)
    answer = await clinician.get("/auth/v1/user", headers=clinic.clinician.headers)
    assert answer.status_code == 200, "the right token is refused too"


async def test_every_wrong_token_at_the_patients_door(
    portal: httpx.AsyncClient, clinic: Clinic
) -> None:
    document = await read_document(portal)
    calls = [call for call in calls_of(document) if call.proof == KEY_AND_TOKEN]
    key = str(clinic.patient.key)
    await refuse(portal, clinic, calls, {"cv-api-key": key}, NOT_PROVEN)
    for field in (await wrong_tokens(clinic, Audience.PATIENT_PORTAL)).values():
        headers = {"cv-api-key": key, "authorization": field}
        await refuse(portal, clinic, calls, headers, NOT_PROVEN)
        await refuse(portal, clinic, calls, {"authorization": field}, NO_KEY)
    answer = await portal.get("/api/v1/users/me/files", headers=clinic.patient.headers)
    assert answer.status_code == 200, "the right token is refused too"


async def test_every_wrong_key_at_the_patients_door(
    house: House, portal: httpx.AsyncClient, clinic: Clinic
) -> None:
    calls = calls_of(await read_document(portal))
    key_only = [call for call in calls if call.proof == KEY]
    auth = [call for call in key_only if call.path.startswith(AUTH)]
    partner = [call for call in key_only if call not in auth]
    both = [call for call in calls if call.proof == KEY_AND_TOKEN]
    revoked, secret = await api_key(house, clinic.organization_id)
    await revoke_api_key(house.db, house.audit, clinic.organization_id, revoked.id)
    own = str(clinic.patient.key)
    unknown = own[:-1] + ("A" if own[-1] != "A" else "B")
    for key in ("nonsense", unknown, secret, clinic.patient.tokens.refresh_token):
        headers = clinic.patient.with_headers(cv_api_key=key)
        await refuse(portal, clinic, auth, headers, NO_ORGANIZATION)
        await refuse(portal, clinic, partner, headers, NOT_PROVEN)
        await refuse(portal, clinic, both, headers, NOT_PROVEN)
    for headers in (clinic.patient.with_headers(cv_api_key=None), {"cv-api-key": ""}):
        await refuse(portal, clinic, [*key_only, *both], headers, NO_KEY)


async def test_key_and_token_of_two_organisations(
    house: House, portal: httpx.AsyncClient, clinic: Clinic
) -> None:
    calls = calls_of(await read_document(portal))
    both = [call for call in calls if call.proof == KEY_AND_TOKEN]
    other = await signed_in_patient(house)
    theirs_with_our_token = clinic.patient.with_headers(cv_api_key=other.key)
    ours_with_their_token = other.with_headers(cv_api_key=clinic.patient.key)
    for headers in (theirs_with_our_token, ours_with_their_token):
        await refuse(portal, clinic, both, headers, NOT_PROVEN)
