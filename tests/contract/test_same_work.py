"""What must look alike from outside takes the same statements, in the same order: a known person
and an unknown one, a foreign thing and an absent one. benchmarks/timing.py measures what is left.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import AsyncExitStack
from contextvars import Context, ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from casekeep.clinician_api.app import build_app as build_clinician_api
from casekeep.db.database import Database
from casekeep.http.house import House
from casekeep.identity.codes import OneTimeCodes
from casekeep.identity.model import Audience, Patient, Role
from casekeep.mail.channels import open_email_channel, open_text_channel
from casekeep.portal_api.app import build_app as build_portal_api
from tests.contract.test_stranger import makes_a_right, somebody
from tests.support.database import TestServer
from tests.support.factories import make_organization
from tests.support.house import (
    CODE_PEPPER,
    PASSWORD,
    Outbox,
    client,
    make_account,
    open_house,
    signed_in_patient,
)
from tests.support.openapi import calls_of, read_document
from tests.support.tenant import furnish
from tests.support.walking import Caller, forges, requests

RECORDS = "insert into audit_events"
COUNTS = "select spend_sign_in_attempt"
ABOUT_PEOPLE = "/api/v1/users/auth/"
"""Calls that count by person, and clear old counts with the first; they have their own tests."""
OVER_LIMIT = 429
"""Recorded once for each window, whoever is asked for."""
EVERY = 4


_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)
"""The statements of the request that is being asked; what is done in the background has none."""


@dataclass(frozen=True)
class Overheard:
    """A house whose statements are heard, and a client of each of its edges."""

    house: House
    clinician: httpx.AsyncClient
    portal: httpx.AsyncClient


async def work_of(asking: Awaitable[httpx.Response]) -> tuple[httpx.Response, list[str]]:
    """An answer, and the statements it took."""
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        answer = await asking
        await asyncio.sleep(0)  # the driver tells of a statement a moment after it
    finally:
        _heard.reset(token)
    return answer, heard


def hear(query: Any) -> None:
    """One statement that the driver has sent."""
    heard = _heard.get()
    if heard is not None:
        heard.append(" ".join(query.query.split()))


class HeldBack:
    """Work that others leave for later is not begun, and does not end up among what is heard."""

    def __init__(self) -> None:
        self._free = asyncio.Event()

    def hold(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(self._wait(work), context=Context())

    def let_go(self) -> None:
        self._free.set()

    async def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        await self._free.wait()
        await work


@pytest_asyncio.fixture
async def overheard(
    test_server: TestServer, outbox: Outbox, tmp_path: Path
) -> AsyncIterator[Overheard]:
    dsn = test_server.application_dsn

    async def listen(connection: Any) -> None:
        connection.add_query_logger(hear)

    async def forget(_: object) -> None:
        """As in the house's own pool: nothing is to be reset."""

    async with AsyncExitStack() as closing:
        # One connection, so that what it has to learn of types is learned once.
        pool = asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=1,
            init=listen,
            reset=forget,
            server_settings={"timezone": "UTC"},
        )
        db = Database(await closing.enter_async_context(pool), 1, dsn)
        house = await open_house(db, outbox, tmp_path, closing)
        edges = (build_clinician_api(house), build_portal_api(house))
        clients = [await closing.enter_async_context(client(each)) for each in edges]
        yield Overheard(house, *clients)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.PATIENT])
@pytest.mark.parametrize("of_the_clinic", [False, True], ids=["stranger", "colleague"])
async def test_a_foreign_thing_is_as_much_work_as_an_absent_one(
    overheard: Overheard, role: Role, of_the_clinic: bool
) -> None:
    """Every call of the documents that is refused, as soon as it is in one; not with each of the
    clinic's things, which the stranger asks for.
    """
    house, (edge, other) = overheard.house, (overheard.clinician, overheard.portal)
    clinic = await furnish(house, edge, other)
    elsewhere = await make_organization(house.db)
    theirs = clinic.organization_id if of_the_clinic else elsewhere
    audience = Audience.PATIENT_PORTAL if role is Role.PATIENT else Audience.CLINICIAN
    api = other if role is Role.PATIENT else edge
    caller = Caller(await somebody(house, theirs, role), audience, of_the_clinic)
    forged = forges(clinic, Patient(theirs, caller.who.user.id), elsewhere)
    compared, complaints = set[str](), []

    for call in sorted(calls_of(await read_document(api)), key=makes_a_right):
        if not call.proof or caller.may_call(call) or call.path.startswith(ABOUT_PEOPLE):
            continue
        asked = list(requests(call, clinic, forged))
        for each in asked[0]:  # what is asked for the first time is learned
            await each.send(api, await caller.headers())
        for real, nothing in asked[::EVERY]:
            answer, work = await work_of(real.send(api, await caller.headers()))
            _, expected = await work_of(nothing.send(api, await caller.headers()))
            if answer.is_success or answer.status_code == OVER_LIMIT or caller.may_notice(real):
                continue
            compared |= {str(call)} if work else set()
            if work != expected:
                complaints.append(f"{real}: {work} differs from {expected}")
    assert not complaints, "\n".join(dict.fromkeys(complaints))
    assert len(compared) > 5, compared


async def test_a_password_of_nobody_is_as_much_work(overheard: Overheard) -> None:
    """A failure is recorded for somebody, and counted for nobody: in as many round trips."""
    house, email = overheard.house, nobody()
    organization_id = await make_organization(house.db)
    await make_account(house, organization_id, Role.CLINICIAN, email=email, password=PASSWORD)

    async def tried(whom: str) -> tuple[httpx.Response, list[str]]:
        path, guess = "/auth/v1/token?grant_type=password", {"email": whom, "password": "a guess"}
        return await work_of(overheard.clinician.post(path, json=guess))

    await tried(nobody())
    await tried(email)
    (answer, work), (other, expected) = await tried(email), await tried(nobody())
    assert (answer.status_code, answer.text) == (other.status_code, other.text)
    assert any(each.startswith(RECORDS) for each in work)
    assert [_write_or(each) for each in work] == [_write_or(each) for each in expected]


@pytest.mark.parametrize("call", ["send-otp", "verify-otp"])
async def test_a_code_of_nobody_is_as_much_work(
    overheard: Overheard, call: str, tmp_path: Path
) -> None:
    """Whether there is an account is looked up after the answer to send-otp is there."""
    house, held = overheard.house, HeldBack()
    patient = await signed_in_patient(house)
    email, headers = str(patient.user.email), patient.with_headers(authorization=None)
    if call == "verify-otp":
        await house.codes.request(patient.organization_id, email=email)
        await house.codes.close()
    texts = open_text_channel(f"maildir:{tmp_path}/later")
    mail = open_email_channel(f"maildir:{tmp_path}/later", sender="Casekeep <no-reply@test>")
    codes = OneTimeCodes(
        house.db, house.sign_in, house.audit, mail, texts, CODE_PEPPER, spawn=held.hold
    )
    words = {"channel": "EMAIL"} if call == "send-otp" else {"code": "000000"}

    async with client(build_portal_api(replace(house, codes=codes))) as portal:

        async def tried(whom: str) -> tuple[httpx.Response, list[str]]:
            path, body = f"/api/v1/users/auth/{call}", {"email": whom, **words}
            return await work_of(portal.post(path, headers=headers, json=body))

        await tried(nobody())  # the key is looked up first
        (answer, work), (other, expected) = await tried(email), await tried(nobody())
        assert (answer.status_code, answer.text) == (other.status_code, other.text)
        assert any(each.startswith(RECORDS) for each in work)
        assert work == expected
        held.let_go()
        await codes.close()


def nobody() -> str:
    """An address without an account."""
    return f"{uuid4().hex}@example.org"


def _write_or(statement: str) -> str:
    """The statement, or just that it writes what came of a guess."""
    return "a write" if statement.startswith((RECORDS, COUNTS)) else statement
