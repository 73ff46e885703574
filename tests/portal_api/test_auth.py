"""Signing in: code, tokens, refresh, logout."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from casekeep.http.house import House
from casekeep.identity.model import Role
from casekeep.kernel.ids import OrganizationId
from tests.support.factories import make_organization
from tests.support.house import (
    Outbox,
    api_key,
    code_sent_to,
    make_account,
    signed_in_clinician,
    signed_in_patient,
    text_of,
)
from tests.support.portal import AUTH, FILES, NOT_PROVEN, NOT_VALID, ids, refusal, success

WRONG_CODE = (401, "Invalid verification code", "VALIDATION_ERROR")
SENT = {
    "status": 200,
    "success": True,
    "message": "If the account exists, a verification code has been sent",
}


class Office:
    """An organisation with a key, seen from a partner's software."""

    def __init__(self, house: House, portal: httpx.AsyncClient, outbox: Outbox) -> None:
        self.house, self.portal, self.outbox = house, portal, outbox
        self.organization_id = OrganizationId(uuid4())
        self.headers: dict[str, str] = {}

    async def open(self) -> "Office":
        self.organization_id = await make_organization(self.house.db)
        _, key = await api_key(self.house, self.organization_id)
        self.headers = {"cv-api-key": key}
        return self

    async def post(self, call: str, **body: object) -> httpx.Response:
        return await self.portal.post(f"{AUTH}/{call}", headers=self.headers, json=body)

    async def code(self, email: str) -> str:
        sent = await self.post("send-otp", email=email, channel="EMAIL")
        assert sent.json() == SENT
        return await code_sent_to(self.house, self.outbox, email)


@pytest.fixture
async def office(house: House, portal: httpx.AsyncClient, outbox: Outbox) -> Office:
    return await Office(house, portal, outbox).open()


@pytest.fixture
async def email(house: House, office: Office) -> str:
    """The address of a patient of the office."""
    address = f"{uuid4().hex}@example.org"
    await make_account(house, office.organization_id, Role.PATIENT, email=address)
    return address


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_a_code_by_mail_signs_a_patient_in(office: Office, email: str) -> None:
    code = await office.code(email)

    signed_in = await office.post("verify-otp", email=email, code=code)

    tokens = success(signed_in)
    assert list(tokens) == ["accessToken", "refreshToken", "expiresIn"]
    assert tokens["expiresIn"] == 900
    headers = {**office.headers, "authorization": f"Bearer {tokens['accessToken']}"}
    assert ids(await office.portal.get(FILES, headers=headers)) == []


async def test_a_code_by_text_message_signs_a_patient_in(house: House, office: Office) -> None:
    phone = f"+1415555{uuid4().int % 10_000:04d}"
    await make_account(house, office.organization_id, Role.PATIENT, email=None, phone=phone)
    sent = await office.post("send-otp", phoneNumber=phone, channel="SMS")
    assert sent.json() == SENT
    code = await code_sent_to(house, office.outbox, phone)

    signed_in = await office.post("verify-otp", phoneNumber=phone, code=code)

    assert success(signed_in)["expiresIn"] == 900


async def test_the_address_is_trimmed_and_in_lower_case(office: Office, email: str) -> None:
    spelled = f"  {email.upper()}\t"
    sent = await office.post("send-otp", email=spelled, channel="EMAIL")
    assert sent.json() == SENT
    code = await code_sent_to(office.house, office.outbox, email)

    assert success(await office.post("verify-otp", email=spelled, code=code))


async def test_nobody_learns_who_has_an_account(house: House, office: Office) -> None:
    stranger = await signed_in_patient(house)
    clinician = await signed_in_clinician(house, office.organization_id)
    nobodies = ["nobody@example.org", stranger.user.email, clinician.user.email]

    for nobody in nobodies:
        sent = await office.post("send-otp", email=nobody, channel="EMAIL")
        assert sent.status_code == 200
        assert sent.json() == SENT
        await house.codes.close()
        assert office.outbox.to(str(nobody)) == []
        guess = await office.post("verify-otp", email=nobody, code="123456")
        assert refusal(guess) == WRONG_CODE


async def test_a_code_works_once_and_only_where_it_was_sent(office: Office, email: str) -> None:
    other = await Office(office.house, office.portal, office.outbox).open()
    code = await office.code(email)

    assert refusal(await office.post("verify-otp", email=email, code=wrong(code))) == WRONG_CODE
    assert refusal(await other.post("verify-otp", email=email, code=code)) == WRONG_CODE
    assert success(await office.post("verify-otp", email=email, code=code))
    assert refusal(await office.post("verify-otp", email=email, code=code)) == WRONG_CODE


async def test_a_new_code_replaces_the_one_before(office: Office, email: str) -> None:
    first = await office.code(email)
    second = await office.code(email)

    if first != second:
        assert refusal(await office.post("verify-otp", email=email, code=first)) == WRONG_CODE
    assert success(await office.post("verify-otp", email=email, code=second))


async def test_after_five_wrong_guesses_the_right_code_is_worth_nothing(
    office: Office, email: str
) -> None:
    code = await office.code(email)

    guesses = [office.post("verify-otp", email=email, code=wrong(code)) for _ in range(5)]
    for guess in await asyncio.gather(*guesses):
        assert refusal(guess) == WRONG_CODE

    assert refusal(await office.post("verify-otp", email=email, code=code)) == WRONG_CODE


async def test_too_many_codes_are_refused_with_a_time_to_wait(office: Office, email: str) -> None:
    answers = [await office.post("send-otp", email=email, channel="EMAIL") for _ in range(6)]

    assert [each.status_code for each in answers] == [200] * 5 + [429]
    assert refusal(answers[-1]) == (429, "Too many requests", "RATE_LIMITED")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 900


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"channel": "EMAIL"},
        {"email": "a@example.org"},
        {"email": "a@example.org", "channel": "email"},
        {"email": "a@example.org", "channel": "SMS"},
        {"phoneNumber": "+14155550123", "channel": "EMAIL"},
        {"email": "a@example.org", "phoneNumber": "+14155550123", "channel": "EMAIL"},
        {"email": "", "channel": "EMAIL"},
        {"email": "nobody", "channel": "EMAIL"},
        {"email": "a\u0000@example.org", "channel": "EMAIL"},
        {"email": "a@example.org\nb", "channel": "EMAIL"},
        {"email": ["a@example.org"], "channel": "EMAIL"},
        {"email": 5, "channel": "EMAIL"},
        {"phoneNumber": "4155550123", "channel": "SMS"},
        {"phoneNumber": "+1 415 555 0123", "channel": "SMS"},
        {"phoneNumber": "+14155550123\n", "channel": "SMS"},
        {"phone_number": "+14155550123", "channel": "SMS"},
    ],
)
async def test_send_otp_wants_one_identifier_and_its_channel(
    office: Office, body: dict[str, object]
) -> None:
    assert refusal(await office.post("send-otp", **body)) == NOT_VALID


@pytest.mark.parametrize(
    "code",
    ["", "12345", "1234567", "12345a", "123456\n", " 123456", "１２３４５６", 123456, None],  # noqa: RUF001 - digits of another script are the point
)
async def test_a_code_that_is_not_six_digits_is_no_code(
    office: Office, email: str, code: object
) -> None:
    assert refusal(await office.post("verify-otp", email=email, code=code)) == NOT_VALID


async def test_a_refresh_token_is_traded_for_new_tokens(office: Office, email: str) -> None:
    tokens = success(await office.post("verify-otp", email=email, code=await office.code(email)))

    renewed = success(await office.post("refresh-token", refresh_token=tokens["refreshToken"]))

    assert list(renewed) == ["accessToken", "refreshToken", "expiresIn"]
    assert renewed["expiresIn"] == 900
    assert renewed["refreshToken"] != tokens["refreshToken"]
    headers = {**office.headers, "authorization": f"Bearer {renewed['accessToken']}"}
    assert ids(await office.portal.get(FILES, headers=headers)) == []


async def test_a_replayed_refresh_token_ends_the_whole_sign_in(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    used = patient.tokens.refresh_token

    async def refresh(token: str) -> httpx.Response:
        body = {"refresh_token": token}
        return await portal.post(f"{AUTH}/refresh-token", headers=patient.headers, json=body)

    renewed = success(await refresh(used))
    replayed = refusal(await refresh(used))

    assert (replayed[0], replayed[2]) == (401, "REFRESH_REUSED")
    after = refusal(await refresh(renewed["refreshToken"]))
    assert (after[0], after[2]) == (401, "REFRESH_INVALID")
    for token in (patient.tokens.access_token, renewed["accessToken"]):
        headers = patient.with_headers(authorization=f"Bearer {token}")
        assert refusal(await portal.get(FILES, headers=headers)) == NOT_PROVEN


async def test_a_refresh_token_that_is_worth_nothing(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient = await signed_in_patient(house)
    stranger = await signed_in_patient(house)
    clinician = await signed_in_clinician(house, patient.organization_id)
    worthless = [
        "nonsense",
        patient.tokens.access_token,
        patient.tokens.refresh_token[:-1],
        stranger.tokens.refresh_token,
        clinician.tokens.refresh_token,
    ]

    for token in worthless:
        body = {"refresh_token": token}
        answer = await portal.post(f"{AUTH}/refresh-token", headers=patient.headers, json=body)
        status, _, code = refusal(answer)
        assert (status, code) == (401, "REFRESH_INVALID")

    body = {"refresh_token": stranger.tokens.refresh_token}
    own = await portal.post(f"{AUTH}/refresh-token", headers=stranger.headers, json=body)
    assert success(own)["expiresIn"] == 900


@pytest.mark.parametrize("body", [{}, {"refreshToken": "x"}, {"refresh_token": ""}, [], "x", None])
@pytest.mark.parametrize("call", ["refresh-token", "logout"])
async def test_a_body_without_a_refresh_token_is_refused(
    portal: httpx.AsyncClient, office: Office, call: str, body: object
) -> None:
    answer = await portal.post(f"{AUTH}/{call}", headers=office.headers, json=body)

    assert refusal(answer) == NOT_VALID


async def test_logout_ends_the_sign_in(house: House, portal: httpx.AsyncClient) -> None:
    patient = await signed_in_patient(house)
    assert (await portal.get(FILES, headers=patient.headers)).status_code == 200
    body = {"refresh_token": patient.tokens.refresh_token}

    out = await portal.post(f"{AUTH}/logout", headers=patient.headers, json=body)

    assert out.status_code == 200
    assert out.json() == {"status": 200, "success": True}
    refreshed = await portal.post(f"{AUTH}/refresh-token", headers=patient.headers, json=body)
    assert refusal(refreshed)[2] == "REFRESH_INVALID"
    for _ in range(500):  # the word of it travels through the database
        answer = await portal.get(FILES, headers=patient.headers)
        if answer.status_code != 200:
            break
    assert refusal(answer) == NOT_PROVEN


async def test_logout_says_the_same_of_a_token_nobody_knows(
    house: House, portal: httpx.AsyncClient
) -> None:
    patient, stranger = await signed_in_patient(house), await signed_in_patient(house)

    for token in ("nonsense", stranger.tokens.refresh_token):
        body = {"refresh_token": token}
        out = await portal.post(f"{AUTH}/logout", headers=patient.headers, json=body)
        assert out.json() == {"status": 200, "success": True}

    assert (await portal.get(FILES, headers=stranger.headers)).status_code == 200


async def test_the_mail_tells_the_code_and_no_more(office: Office, email: str) -> None:
    code = await office.code(email)

    message = office.outbox.to(email)[-1]

    assert code in text_of(message)
    assert code not in str(message["Subject"])
