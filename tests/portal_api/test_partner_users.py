"""A partner's software and patients' accounts over HTTP: made, changed, listed, asked for."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from casekeep.http.house import House
from casekeep.identity.api_keys import revoke_api_key
from casekeep.identity.limits import Limit, Limits
from casekeep.identity.lookups import Lookups
from casekeep.identity.model import Role
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import OrganizationId
from casekeep.portal_api.app import build_app
from tests.support.factories import make_organization
from tests.support.house import api_key, client, make_account, signed_in_patient
from tests.support.portal import CHECK_USER, ME, NOT_PROVEN, NOT_VALID, USERS, refusal, success

KEYS = [
    "id", "email", "firstName", "lastName", "phoneNumber", "role", "isActive", "createdAt",
]  # fmt: skip
TAKEN = (400, "Somebody has this email address or phone number already", "VALIDATION_ERROR")
NO_USER = (404, "User not found", "VALIDATION_ERROR")


class Software:
    """A partner's software with its key."""

    def __init__(
        self, house: House, portal: httpx.AsyncClient, of: OrganizationId, key: str
    ) -> None:
        self.house, self.portal, self.organization_id = house, portal, of
        self.headers = {"cv-api-key": key}

    async def act(self, action: object, data: object) -> httpx.Response:
        body = {"action": action, "data": data}
        return await self.portal.post(USERS, headers=self.headers, json=body)

    async def create(self, **data: object) -> httpx.Response:
        return await self.act("CREATE_USER", data)

    async def update(self, **data: object) -> httpx.Response:
        return await self.act("UPDATE_PROFILE", data)

    async def get(self, path: str, **params: str) -> httpx.Response:
        params = {name.replace("phone_number", "phone-number"): v for name, v in params.items()}
        return await self.portal.get(path, headers=self.headers, params=params)

    async def row(self, email: str) -> Mapping[str, Any]:
        async with self.house.db.transaction(self.organization_id) as tx:
            found = await tx.fetch_row("select * from users where email = $1", email)
        assert found is not None
        return dict(found)

    async def audited(self) -> list[tuple[str, str, str, str]]:
        await self.house.audit._notes._flush()
        async with self.house.db.transaction(self.organization_id) as tx:
            rows = await tx.fetch(
                """select action, outcome, actor_kind, details::text from audit_events
                   where action not like 'apikey%' order by id"""
            )
        return [tuple(row) for row in rows]


async def software(
    house: House, portal: httpx.AsyncClient, of: OrganizationId | None = None
) -> Software:
    of = of or await make_organization(house.db)
    _, key = await api_key(house, of)
    return Software(house, portal, of, key)


@pytest.fixture
async def partner(house: House, portal: httpx.AsyncClient) -> Software:
    return await software(house, portal)


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex}@example.org"


async def test_a_new_user_with_everything(partner: Software, email: str) -> None:
    answer = await partner.create(
        email=f" {email.upper()} ",
        firstName=" Ada ",
        lastName="Lovelace",
        dob="1980-02-29",
        gender="FEMALE",
        phoneNumber="+1 415 555 0111",
        address="1 Hill Road",
        address2=None,
        city="London",
        state="Greater London",
        country="gb",
        postalCode="W1 1AA",
        allergies="Nuts\nPollen",
        currentMedications="",
        healthConditions=None,
        languagePreferences=["English", " Deutsch "],
        communication={"smsNotificationsDisabled": True},
        password="is not looked at",
    )
    user = success(answer)
    assert list(user) == KEYS
    assert (user["email"], user["phoneNumber"]) == (email, "+14155550111")
    assert (user["firstName"], user["role"], user["isActive"]) == ("Ada", "USER", True)
    row = await partner.row(email)
    assert (str(row["dob"]), row["gender"], row["country"]) == ("1980-02-29", "FEMALE", "GB")
    assert (row["address2"], row["current_medications"]) == (None, None)
    assert row["language_preferences"] == ["English", "Deutsch"]
    assert row["sms_notifications_disabled"]
    assert not row["email_notifications_disabled"]
    assert (row["role"], row["password_hash"]) == ("patient", None)
    assert await partner.audited() == [("user.created", "done", "partner", '{"role": "patient"}')]


async def test_an_email_address_is_enough(partner: Software, email: str) -> None:
    user = success(await partner.create(email=email))
    assert (user["firstName"], user["lastName"], user["phoneNumber"]) == (None, None, None)


async def test_what_is_somebodys_already(partner: Software, email: str) -> None:
    taken = success(await partner.create(email=email, phoneNumber="+14155550112"))
    assert refusal(await partner.create(email=email, firstName="Other")) == TAKEN
    other = f"x{email}"
    assert refusal(await partner.create(email=other, phoneNumber="+14155550112")) == TAKEN
    assert (await partner.row(email))["first_name"] == taken["firstName"]
    events = await partner.audited()
    assert [each[1] for each in events] == ["done", "refused", "refused"]


async def test_another_organisation_has_users_of_its_own(
    house: House, portal: httpx.AsyncClient, partner: Software, email: str
) -> None:
    success(await partner.create(email=email, phoneNumber="+14155550113"))
    elsewhere = await software(house, portal)
    assert success(await elsewhere.get(USERS))["users"] == []
    assert success(await elsewhere.get(USERS, email=email))["users"] == []
    assert refusal(await elsewhere.update(email=email, city="x")) == NO_USER
    assert (await elsewhere.get(CHECK_USER, email=email)).json()["data"] == {
        "code": "USER_NOT_FOUND"
    }
    success(await elsewhere.create(email=email, phoneNumber="+14155550113"))


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("CREATE_USER", {}),
        ("CREATE_USER", None),
        ("CREATE_USER", []),
        ("CREATE_USER", {"email": None}),
        ("CREATE_USER", {"email": "nobody"}),
        ("CREATE_USER", {"email": "EMAIL", "phoneNumber": "123"}),
        ("CREATE_USER", {"email": "EMAIL", "firstName": "x" * 201}),
        ("CREATE_USER", {"email": "EMAIL", "firstName": None}),
        ("CREATE_USER", {"email": "EMAIL", "dob": "2999-01-01"}),
        ("CREATE_USER", {"email": "EMAIL", "gender": "male"}),
        ("CREATE_USER", {"email": "EMAIL", "languagePreferences": "English"}),
        ("CREATE_USER", {"email": "EMAIL", "languagePreferences": ["x"] * 21}),
        ("CREATE_USER", {"email": "EMAIL", "languagePreferences": [" "]}),
        ("CREATE_USER", {"email": "EMAIL", "communication": True}),
        ("CREATE_USER", {"email": "EMAIL", "communication": {"smsNotificationsDisabled": "true"}}),
        ("CREATE_USER", {"email": "EMAIL", "communication": {"smsNotificationsDisabled": 1}}),
        ("create_user", {"email": "EMAIL"}),
        ("DELETE_USER", {"email": "EMAIL"}),
        (None, {"email": "EMAIL"}),
        ("UPDATE_PROFILE", {"email": "EMAIL"}),
        ("UPDATE_PROFILE", {"email": "EMAIL", "shoeSize": 1}),
        ("UPDATE_PROFILE", {"city": "x"}),
    ],
)
async def test_what_is_no_act(
    partner: Software, email: str, action: object, data: dict[str, object] | None
) -> None:
    if isinstance(data, dict) and data.get("email") == "EMAIL":
        data = {**data, "email": email}
    assert refusal(await partner.act(action, data)) == NOT_VALID
    assert success(await partner.get(USERS))["users"] == []


async def test_a_profile_is_changed_under_the_patients_own_rules(
    house: House, portal: httpx.AsyncClient, partner: Software
) -> None:
    patient = await signed_in_patient(house, partner.organization_id, phone="+14155550114")
    email = str(patient.user.email)
    changed = success(
        await partner.update(
            email=f" {email.upper()}",
            firstName="Ada",
            languagePreferences=["Deutsch"],
            communication={"emailNotificationsDisabled": True},
            allergies="Nuts",
        )
    )
    assert (list(changed), changed["firstName"]) == (KEYS, "Ada")
    row = await partner.row(email)
    assert (row["allergies"], row["language_preferences"]) == ("Nuts", ["Deutsch"])
    assert row["email_notifications_disabled"]
    own = success(await portal.get(ME, headers=patient.headers))["profile"]
    assert own["allergies"] == "Nuts"

    case = await patient.case()
    async with house.db.transaction(partner.organization_id) as tx:
        await tx.execute("update cases set stage = 'IN_PROGRESS' where id = $1", case.id)
    status, text, code = refusal(await partner.update(email=email, gender="MALE", city="x"))
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert "while a case is being worked on" in text
    assert success(await partner.update(email=email, firstName="Ada", city="x"))
    assert [each[:3] for each in await partner.audited() if "profile" in each[0]] == [
        ("profile.changed", "done", "partner"),
        ("profile.changed", "refused", "partner"),
        ("profile.changed", "done", "partner"),
    ]


async def test_whose_profile_cannot_be_changed(house: House, partner: Software, email: str) -> None:
    clinician = await make_account(house, partner.organization_id, Role.CLINICIAN)
    closed = await make_account(house, partner.organization_id, Role.PATIENT)
    async with house.db.transaction(partner.organization_id) as tx:
        await tx.execute("update users set disabled_at = now() where id = $1", closed.id)
    for address in (email, clinician.email, closed.email):
        assert refusal(await partner.update(email=address, city="x")) == NO_USER


async def test_all_patients_page_by_page(house: House, partner: Software) -> None:
    await make_account(house, partner.organization_id, Role.CLINICIAN)
    made = [success(await partner.create(email=f"{n}@example.org")) for n in range(5)]
    async with house.db.transaction(partner.organization_id) as tx:
        await tx.execute("update users set disabled_at = now() where email = '0@example.org'")
    pages, after = [], dict[str, str]()
    while True:
        page = success(await partner.get(USERS, limit="2", **after))
        pages.append([user["email"] for user in page["users"]])
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = {"after": page["pageInfo"]["endCursor"]}
    assert page["pageInfo"]["endCursor"] is None
    wanted = [user["email"] for user in reversed(made)]
    assert pages == [wanted[:2], wanted[2:4], wanted[4:]]
    assert not page["users"][0]["isActive"]
    whole = success(await partner.get(USERS))["users"]
    assert [list(user) for user in whole] == [KEYS] * 5
    assert [user["isActive"] for user in whole] == [True] * 4 + [False]
    assert ("users.listed", "done", "partner", '{"count": 5}') in await partner.audited()


async def test_one_patient_is_found(partner: Software, email: str) -> None:
    user = success(await partner.create(email=email, phoneNumber="+14155550115"))
    success(await partner.create(email=f"x{email}"))
    for asked in (
        {"email": email.upper()},
        {"phoneNumber": "+1 415 555 0115"},
        {"email": email, "phoneNumber": "+14155550115"},
    ):
        assert success(await partner.get(USERS, **asked))["users"] == [user]
    both = {"email": f"x{email}", "phoneNumber": "+14155550115"}
    assert success(await partner.get(USERS, **both))["users"] == []


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=", "after=x", "after=", "email=x", "email=",
     "phoneNumber=1", "phoneNumber=", "limit=1&limit=2", "email=a@b.c&email=a@b.c"],
)  # fmt: skip
async def test_what_is_no_query(partner: Software, query: str) -> None:
    answer = await partner.portal.get(f"{USERS}?{query}", headers=partner.headers)
    assert refusal(answer) == NOT_VALID


async def test_somebody_is_there_or_not(partner: Software, email: str) -> None:
    user = success(await partner.create(email=email, phoneNumber="+14155550116"))
    there = {
        "createdAt": user["createdAt"],
        "existsInCurrentOrganization": True,
    }

    async def told(query: str) -> tuple[int, bool, str, dict[str, object]]:
        answer = await partner.portal.get(f"{CHECK_USER}?{query}", headers=partner.headers)
        body = answer.json()
        assert list(body) == ["status", "success", "message", "data"]
        assert answer.headers["cache-control"] == "no-store"
        return body["status"], body["success"], body["message"], body["data"]

    by_email = (200, True, "Email already exists", {**there, "code": "EMAIL_EXISTS"})
    by_phone = (200, True, "Phone number already exists", {**there, "code": "PHONE_NUMBER_EXISTS"})
    nobody = (200, False, "User does not exist", {"code": "USER_NOT_FOUND"})
    assert await told(f"email={email.upper()}") == by_email
    assert await told("phone-number=%2B14155550116") == by_phone
    assert await told("phone-number=+14155550116") == by_phone
    assert await told(f"email={email}&phone-number=%2B14155550199") == by_email
    assert await told(f"email=x{email}&phone-number=%2B14155550116") == nobody
    assert await told("phone-number=%2B14155550199") == nobody
    events = [each for each in await partner.audited() if each[0] == "users.listed"]
    assert [each[3] for each in events] == ['{"count": 1}'] * 4 + ['{"count": 0}'] * 2


@pytest.mark.parametrize(
    "query",
    ["", "email=", "email=x", "phone-number=1", "phone-number=", "phoneNumber=%2B14155550116",
     "email=a@b.c&email=a@b.c"],
)  # fmt: skip
async def test_nobody_is_asked_for(partner: Software, query: str) -> None:
    answer = await partner.portal.get(f"{CHECK_USER}?{query}", headers=partner.headers)
    assert refusal(answer) == NOT_VALID


@pytest.fixture
async def strict(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The edge with two lookups for each key."""
    limits = Limits(lookups_per_key=Limit(2, 900))
    lookups = Lookups(house.db, house.audit, b"a key of this test", utc_now, limits=limits)
    async with client(build_app(replace(house, lookups=lookups))) as opened:
        yield opened


async def test_a_key_in_the_wrong_hands_does_not_tell_fast(
    house: House, strict: httpx.AsyncClient, email: str
) -> None:
    partner = await software(house, strict)
    success(await partner.create(email=email))
    for asked in ({"email": email}, {"phone_number": "+14155550117"}):
        assert (await partner.get(CHECK_USER, **asked)).status_code == 200
    for address in (email, f"x{email}"):
        answer = await partner.get(CHECK_USER, email=address)
        assert refusal(answer) == (429, "Too many requests", "RATE_LIMITED")
        assert 0 < int(answer.headers["retry-after"]) <= 900
    assert success(await partner.get(USERS, email=email))["users"]
    other = await software(house, strict, partner.organization_id)
    assert (await other.get(CHECK_USER, email=email)).status_code == 200
    refused = [each for each in await partner.audited() if each[1] == "refused"]
    assert refused == [("users.listed", "refused", "partner", '{"limit": "lookups per key"}')]


async def test_who_comes_without_a_key(house: House, partner: Software, email: str) -> None:
    revoked, secret = await api_key(house, partner.organization_id)
    await revoke_api_key(house.db, house.audit, partner.organization_id, revoked.id)
    for headers, wanted in (
        ({}, NOT_VALID),
        ({"cv-api-key": "nonsense"}, NOT_PROVEN),
        ({"cv-api-key": secret}, NOT_PROVEN),
    ):
        partner.headers = headers
        assert refusal(await partner.get(USERS)) == wanted
        assert refusal(await partner.get(CHECK_USER)) == wanted
        assert refusal(await partner.create(email=email)) == wanted
        assert refusal(await partner.act("nonsense", None)) == wanted
