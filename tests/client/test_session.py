"""Tokens are renewed in time, once for everybody, and never shown."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from casekeep.client import (
    AsyncClinicianClient,
    AsyncPatientClient,
    ClinicianClient,
    NotSignedIn,
    Tokens,
)
from casekeep.client._async.calling import Call
from casekeep.http.house import House
from casekeep.identity.model import Audience
from tests.acceptance.running import Clinic, Server
from tests.support.house import (
    PASSWORD,
    SignedIn,
    ago,
    signed_in_clinician,
    signed_in_patient,
    token_from,
)

BASE = "https://casekeep.test"


def expired(caller: SignedIn, audience: Audience) -> Tokens:
    return Tokens(token_from(caller, ago(hours=2), audience), caller.tokens.refresh_token)


async def test_parallel_tasks_renew_once(house: House, http: httpx.AsyncClient) -> None:
    caller, stored = await signed_in_clinician(house), list[Tokens]()
    tokens = expired(caller, Audience.CLINICIAN)

    async with AsyncClinicianClient(
        BASE, tokens=tokens, on_tokens=stored.append, http=http
    ) as client:
        accounts = await asyncio.gather(*(client.account() for _ in range(20)))
        again = await client.refresh()

    assert {account.id for account in accounts} == {caller.user.id}
    assert [tokens.refresh_token != each.refresh_token for each in stored] == [True, True]
    assert stored[-1] == again


async def test_parallel_tasks_of_a_patient_renew_once(
    house: House, http: httpx.AsyncClient
) -> None:
    caller, stored = await signed_in_patient(house), list[Tokens]()
    assert caller.key is not None
    async with AsyncPatientClient(
        BASE,
        caller.key,
        tokens=expired(caller, Audience.PATIENT_PORTAL),
        on_tokens=stored.append,
        http=http,
    ) as client:

        async def listed() -> int:
            return len([file async for file in client.files()])

        assert set(await asyncio.gather(*(listed() for _ in range(20)))) == {0}

    assert len(stored) == 1


def test_parallel_threads_renew_once(server: Server, clinic: Clinic) -> None:
    stored: list[Tokens] = []
    with ClinicianClient(server.url) as first:
        account = first.sign_in(clinic.email, clinic.password)
        assert first.tokens is not None
        spoiled = Tokens(first.tokens.access_token[:-4] + "AAAA", first.tokens.refresh_token)
    with (
        ClinicianClient(server.url, tokens=spoiled, on_tokens=stored.append) as client,
        ThreadPoolExecutor(20) as threads,
    ):
        found = {task.result().id for task in [threads.submit(client.account) for _ in range(20)]}

        assert found == {account.id}
        assert len(stored) == 1
        assert client.refresh() == stored[1]


async def test_tokens_about_to_end_are_renewed_before(
    house: House, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, stored = await signed_in_clinician(house, password=PASSWORD), list[Tokens]()
    async with AsyncClinicianClient(BASE, on_tokens=stored.append, http=http) as client:
        await client.sign_in(str(caller.user.email), PASSWORD)
        await client.account()
        assert len(stored) == 1
        held = client._session._held
        assert held is not None
        assert held.ends_at is not None
        monkeypatch.setattr("casekeep.client.tokens.time.monotonic", lambda: held.ends_at)

        await client.account()

    assert len(stored) == 2


async def test_a_renewal_outlives_the_task_that_asked(
    house: House, http: httpx.AsyncClient
) -> None:
    caller, stored = await signed_in_clinician(house), list[Tokens]()
    renewing, going_on = asyncio.Event(), asyncio.Event()

    async def hold(request: httpx.Request) -> None:
        if "grant_type" in request.url.params:
            renewing.set()
            await going_on.wait()

    http.event_hooks = {"request": [hold]}
    async with AsyncClinicianClient(
        BASE, tokens=expired(caller, Audience.CLINICIAN), on_tokens=stored.append, http=http
    ) as client:
        asking = asyncio.create_task(client.account())
        await renewing.wait()
        asking.cancel()
        going_on.set()
        with pytest.raises(asyncio.CancelledError):
            await asking

        assert (await client.account()).id == caller.user.id

    assert len(stored) == 1


async def test_an_ended_sign_in_is_tried_once(house: House, http: httpx.AsyncClient) -> None:
    caller = await signed_in_clinician(house)
    sent: list[str] = []

    async def count(request: httpx.Request) -> None:
        sent.append(request.url.path)

    http.event_hooks = {"request": [count]}
    async with AsyncClinicianClient(
        BASE, tokens=Tokens("wrong", caller.tokens.refresh_token[:-3] + "AAA"), http=http
    ) as client:
        results = await asyncio.gather(
            *(client.account() for _ in range(5)), return_exceptions=True
        )

        assert all(isinstance(each, NotSignedIn) for each in results)
        assert sent.count("/auth/v1/token") == 1
        assert client.tokens is None


async def test_signing_in_and_out(house: House, http: httpx.AsyncClient) -> None:
    caller = await signed_in_clinician(house, password=PASSWORD)
    async with AsyncClinicianClient(BASE, http=http) as client:
        with pytest.raises(NotSignedIn, match="Invalid login credentials"):
            await client.sign_in(str(caller.user.email), "a wrong password")
        assert (await client.sign_in(str(caller.user.email), PASSWORD)).id == caller.user.id
        left = client.tokens
        await client.sign_out()
        with pytest.raises(NotSignedIn):
            await client.account()
    async with AsyncClinicianClient(BASE, tokens=left, http=http) as client:
        with pytest.raises(NotSignedIn):
            await client.account()


async def test_no_secret_is_printed_or_logged(
    house: House, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caller = await signed_in_patient(house)
    assert caller.key is not None
    tokens = expired(caller, Audience.PATIENT_PORTAL)
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="httpx"):
        async with AsyncPatientClient(BASE, caller.key, tokens=tokens, http=http) as client:
            got = await client.upload(
                b"%PDF-1.7\n%%EOF\n", name="a.pdf", case_id=(await caller.case()).id
            )
            link = await client.link(got)
            await client._caller._send(Call("GET", link.download_url))
            shown = f"{client} {client.tokens} {link} {client._session._held}"
            said = caplog.text + shown
            assert client.tokens is not None
            secrets = {*_parts(tokens), *_parts(client.tokens), caller.key, link.download_url}

    assert "HTTP Request" in caplog.text
    assert not [secret for secret in secrets if secret in said]
    assert "token=" not in caplog.text


def _parts(tokens: Tokens) -> tuple[str, str]:
    return tokens.access_token, tokens.refresh_token
