"""The patient's calls of the portal contract, against the server."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from casekeep.client import AsyncPatientClient, Forbidden, NotFound, NotSignedIn, Refused, Tokens
from casekeep.http.house import House
from tests.client.conftest import pdf
from tests.support.house import Outbox, SignedIn, code_sent_to, signed_in_patient
from tests.support.portal import NOON, keep_row

BASE = "https://casekeep.test"


def client_of(caller: SignedIn, http: httpx.AsyncClient) -> AsyncPatientClient:
    assert caller.key is not None
    tokens = Tokens(caller.tokens.access_token, caller.tokens.refresh_token)
    return AsyncPatientClient(BASE, caller.key, tokens=tokens, http=http)


@pytest.mark.parametrize("how", ["email", "phone_number"])
async def test_signing_in_with_a_code(
    house: House, http: httpx.AsyncClient, outbox: Outbox, how: str
) -> None:
    caller = await signed_in_patient(house, phone="+4915112345678")
    address = str(caller.user.email if how == "email" else caller.user.phone)
    assert caller.key is not None
    async with AsyncPatientClient(BASE, caller.key, http=http) as client:
        await client.send_otp(**{how: address})
        code = await code_sent_to(house, outbox, address)
        with pytest.raises(NotSignedIn, match="Invalid verification code"):
            await client.verify_otp("000000" if code != "000000" else "1" * 6, **{how: address})
        await client.verify_otp(code, **{how: address})
        before = client.tokens
        assert not [file async for file in client.files()]
        assert await client.refresh() != before
        assert not [file async for file in client.files()]
        await client.logout()
        with pytest.raises(NotSignedIn):
            await client.link((await caller.case()).id)


async def test_a_stranger_key_is_told(house: House, http: httpx.AsyncClient) -> None:
    async with AsyncPatientClient(BASE, "a wrong key", http=http) as client:
        with pytest.raises(NotFound, match="Organization not found"):
            await client.send_otp(email="a@example.org")
        with pytest.raises(ValueError, match="exactly one"):
            await client.send_otp()


async def test_all_pages_are_one_list(house: House, http: httpx.AsyncClient) -> None:
    caller = await signed_in_patient(house)
    one, other = await caller.case(), await caller.case()
    made = [
        await keep_row(
            house,
            one if n % 2 else other,
            is_phi=n % 3 == 0,
            created_at=NOON + timedelta(seconds=n),
        )
        for n in range(205)
    ]
    async with client_of(caller, http) as client:
        listed = [file.id async for file in client.files(page_size=50)]
        of_one = [file.id async for file in client.files(case_id=one.id, page_size=7)]
        general = [file async for file in client.files(kind="general")]

    assert listed == made[::-1]
    assert of_one == [each for n, each in enumerate(made) if n % 2][::-1]
    assert len(general) == len([n for n in range(205) if n % 3])
    assert not any(file.is_phi for file in general)


async def test_the_life_of_a_file(house: House, http: httpx.AsyncClient, tmp_path: Path) -> None:
    caller = await signed_in_patient(house)
    case, content = await caller.case(), pdf(5000)
    async with client_of(caller, http) as client:
        sent = await client.upload(content, name="a.pdf", case_id=case.id)
        renamed = await client.rename(sent, "b.pdf")
        assert (renamed.file_name, renamed.case_id) == ("b.pdf", case.id)
        assert renamed.uploaded_by is not None
        assert renamed.uploaded_by.id == caller.user.id
        assert await client.file(sent.id) == renamed
        assert (await client.link(renamed)).expires_in == 900
        got = await client.download(sent.id, tmp_path)
        assert (got.name, got.read_bytes()) == ("b.pdf", content)
        await client.delete(renamed)
        with pytest.raises(NotFound, match="File not found"):
            await client.file(renamed)
        general = await client.upload(content, name="c.pdf")
        assert general.case_id is None


async def test_what_is_refused(house: House, http: httpx.AsyncClient) -> None:
    caller, other = await signed_in_patient(house), await signed_in_patient(house)
    case = await other.case()
    async with client_of(caller, http) as client:
        with pytest.raises(Forbidden, match="You do not have access to this case"):
            await client.upload(pdf(100), name="a.pdf", case_id=case.id)
        with pytest.raises(Forbidden):
            assert not [file async for file in client.files(case_id=case.id)]
        with pytest.raises(Refused):
            await client.upload(b"plain text", name="a.pdf")


async def test_the_profile(house: House, http: httpx.AsyncClient) -> None:
    caller = await signed_in_patient(house)
    async with client_of(caller, http) as client:
        before = await client.profile()
        after = await client.update_profile(
            dob=date(1980, 1, 31), gender="OTHER", city="Berlin", postal_code="10115", country="de"
        )
        cleared = await client.update_profile(city=None)

    assert (before.id, before.email, before.dob) == (caller.user.id, caller.user.email, None)
    assert after.dob == datetime(1980, 1, 31, tzinfo=UTC)
    assert (after.gender, after.city, after.postal_code, after.country) == (
        "OTHER",
        "Berlin",
        "10115",
        "DE",
    )
    assert (cleared.city, cleared.postal_code) == (None, "10115")
