"""Profiles and users in the portal contract, answer by answer, against golden documents."""

from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from casekeep.http.house import House
from casekeep.identity.limits import Limit, Limits
from casekeep.identity.lookups import Lookups
from casekeep.kernel.clock import utc_now
from casekeep.portal_api.app import build_app
from tests.contract.portal.test_golden import check
from tests.support.house import SignedIn, client, signed_in_patient
from tests.support.portal import CHECK_USER, ME, USERS

SAID = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "phoneNumber": "+1 415 555 0123",
    "dob": "1985-12-10",
    "gender": "FEMALE",
    "address": "1 Hill Road",
    "address2": "Flat 2",
    "city": "Springfield",
    "state": "Illinois",
    "country": "us",
    "postalCode": "62704",
    "allergies": "Nuts\nPollen",
    "healthConditions": "Asthma",
    "currentMedications": "Salbutamol",
}


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


@pytest.fixture
def key(patient: SignedIn) -> dict[str, str]:
    """What a partner's software sends along."""
    return {"cv-api-key": str(patient.key)}


async def test_a_profile(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    known = {"patient": patient.user.id, "email": patient.user.email}
    headers = patient.headers
    check("profile-bare-200", await portal.get(ME, headers=headers), **known)
    changed = await portal.patch(ME, headers=headers, json={**SAID, "shoeSize": 42})
    check("profile-200", changed, **known)
    check("profile-200", await portal.get(ME, headers=headers), **known)


async def test_refused_profiles(house: House, portal: httpx.AsyncClient, patient: SignedIn) -> None:
    async def answer(body: object, **headers: str | None) -> httpx.Response:
        return await portal.patch(ME, headers=patient.with_headers(**headers), json=body)

    other = await signed_in_patient(house, patient.organization_id, phone="+14155550124")
    for body in ({}, {"shoeSize": 42}, {"dob": "1985-02-30"}, {"state": None}):
        check("profile-400", await answer(body))
    check("profile-400", await answer({"phoneNumber": other.user.phone}))
    check("profile-400", await answer({}, cv_api_key=None))
    check("profile-401", await answer({}, authorization=None))
    check("large-413", await answer({"city": "x" * 300_000}))
    check("profile-401", await portal.get(ME, headers=patient.with_headers(cv_api_key="x")))
    case = await patient.case()
    async with house.db.transaction(patient.organization_id) as tx:
        await tx.execute("update cases set stage = 'ASSIGNED' where id = $1", case.id)
    check("profile-locked-400", await answer({"firstName": "Ada", "city": "Springfield"}))


async def test_users(
    house: House, portal: httpx.AsyncClient, patient: SignedIn, key: dict[str, str]
) -> None:
    email = f"{uuid4().hex}@example.org"
    known = {"email": email, "patient": patient.user.id, "older_email": patient.user.email}

    async def act(action: str, **data: object) -> httpx.Response:
        body = {"action": action, "data": {"email": email, **data}}
        return await portal.post(USERS, headers=key, json=body)

    async def listed(query: str) -> httpx.Response:
        return await portal.get(f"{USERS}?{query}", headers=key)

    check("user-update-404", await act("UPDATE_PROFILE", city="Springfield"))
    made = await act("CREATE_USER", **SAID, languagePreferences=["English"])
    check("user-200", made, **known)
    check("user-taken-400", await act("CREATE_USER"))
    check("user-400", await act("DELETE_USER"))
    updated = await act("UPDATE_PROFILE", communication={"smsNotificationsDisabled": True})
    check("user-200", updated, **known)
    known["user"] = made.json()["data"]["id"]
    check("users-200", await listed(""), **known)
    page = await listed("limit=1")
    check("users-page-200", page, cursor=page.json()["data"]["pageInfo"]["endCursor"], **known)
    check("users-none-200", await listed("phoneNumber=%2B14155550129"))
    check("user-400", await listed("limit=0"))
    check("user-400", await portal.get(USERS))
    check("user-401", await portal.get(USERS, headers={"cv-api-key": "nonsense"}))
    case = await patient.case()
    async with house.db.transaction(patient.organization_id) as tx:
        await tx.execute("update cases set stage = 'APPROVED' where id = $1", case.id)
    locked = await act("UPDATE_PROFILE", email=patient.user.email, gender="MALE")
    check("profile-locked-400", locked)


async def test_whether_somebody_is_there(
    house: House, portal: httpx.AsyncClient, key: dict[str, str], patient: SignedIn
) -> None:
    there = await signed_in_patient(house, patient.organization_id, phone="+14155550125")

    async def asked(api: httpx.AsyncClient, **params: str | None) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in params.items()}
        return await api.get(CHECK_USER, headers=key, params=given)

    check("check-user-email-200", await asked(portal, email=there.user.email))
    check("check-user-phone-200", await asked(portal, phone_number="+14155550125"))
    check("check-user-none-200", await asked(portal, email=f"{uuid4().hex}@example.org"))
    check("user-400", await asked(portal))
    check("user-401", await portal.get(CHECK_USER, headers={"cv-api-key": "nonsense"}))
    limits = Limits(lookups_per_key=Limit(0, 900))
    lookups = Lookups(house.db, house.audit, b"a key of this test", utc_now, limits=limits)
    async with client(build_app(replace(house, lookups=lookups))) as strict:
        check("limited-429", await asked(strict, email=there.user.email))
