"""One-time codes under fire: two hundred guesses at once, at a real server of two processes. What
was checked is counted by the database's own attempts, and by the audit.
"""

import asyncio
import json
import mailbox
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from casekeep.identity.code_sending import ATTEMPTS
from casekeep.identity.limits import Limits
from tests.acceptance.running import Server, casekeep, running_server
from tests.support.database import database_url, drop_database, make_owned_database

GUESSES = 200
AUTH = "/api/v1/users/auth"


@dataclass(frozen=True)
class Running:
    """A server of two processes, and an organisation. `database`: the superuser's way in, past the
    wall.
    """

    server: Server
    database: asyncpg.Connection
    settings: dict[str, str]
    organization_id: str
    api_key: str


@dataclass(frozen=True)
class Patient:
    """Somebody with a live code."""

    server: Server
    database: asyncpg.Connection
    api_key: str
    user_id: str
    email: str
    code: str

    def wrong(self) -> Iterator[str]:
        """Codes that are not the right one."""
        return (f"{number:06d}" for number in range(1_000_000) if f"{number:06d}" != self.code)

    async def guess(self, codes: list[str]) -> list[int]:
        """The statuses of all at once, each from an address of its own, over connections that are
        open already.
        """
        where = urlsplit(self.server.url)
        opening = (asyncio.open_connection(where.hostname, where.port) for _ in codes)
        opened = await asyncio.gather(*opening)
        guesses = zip(codes, opened, strict=True)
        return await asyncio.gather(
            *(self._guess(*streams, code, at) for at, (code, streams) in enumerate(guesses))
        )

    async def _guess(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, code: str, at: int
    ) -> int:
        body = json.dumps({"email": self.email, "code": code})
        head = (
            f"POST {AUTH}/verify-otp HTTP/1.1",
            f"host: {urlsplit(self.server.url).netloc}",
            "connection: close",
            "content-type: application/json",
            f"content-length: {len(body)}",
            f"cv-api-key: {self.api_key}",
            f"x-forwarded-for: 2001:db8:{at:x}:{self.user_id[-4:]}::1",
        )
        writer.write("\r\n".join((*head, "", body)).encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return int(answer.split(maxsplit=2)[1])

    async def attempts_left(self) -> int:
        return await self.database.fetchval(
            "select attempts_left from one_time_codes where user_id = $1", self.user_id
        )

    async def sign_ins(self) -> int:
        return await self.database.fetchval(
            "select count(*) from sign_ins where user_id = $1", self.user_id
        )

    async def recorded(self, action: str) -> int:
        """How often the audit has an act with this patient: a guess that was checked and wrong
        names whose code it was, one that was not checked names nobody.
        """
        return await self.database.fetchval(
            "select count(*) from audit_events where action = $1 and subject_id = $2",
            action,
            self.user_id,
        )


@pytest_asyncio.fixture(scope="module")
async def running(
    admin: asyncpg.Connection, server_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    name = f"guessing_{uuid4().hex[:12]}"
    settings = {"CASEKEEP_DATABASE_URL": await make_owned_database(admin, server_dsn, name)}
    database = await asyncpg.connect(database_url(server_dsn, name))
    data = tmp_path_factory.mktemp("guessing") / "data"
    try:
        with ExitStack() as closing:
            serving = running_server(data, CASEKEEP_TRUSTED_PROXIES="127.0.0.1", **settings)
            server = await asyncio.to_thread(closing.enter_context, serving)
            made = await asyncio.to_thread(casekeep, data, "org", "create", "Guessed", **settings)
            yield Running(server, database, settings, made["organization_id"], made["api_key"])
            await asyncio.to_thread(closing.close)
    finally:
        await database.close()
        await drop_database(admin, name)


@pytest_asyncio.fixture
async def patient(running: Running) -> Patient:
    return await asyncio.to_thread(somebody, running)


def somebody(running: Running) -> Patient:
    """A new patient, and the code that was just sent."""
    server, email = running.server, f"{uuid4().hex}@example.org"
    options = ("--org", running.organization_id, "--role", "patient", "--email", email)
    user = casekeep(server.data, "user", "create", *options, **running.settings)
    headers = {"cv-api-key": running.api_key}
    body = {"email": email, "channel": "EMAIL"}
    asked = httpx.post(f"{server.url}{AUTH}/send-otp", headers=headers, json=body)
    assert asked.status_code == 200
    code = code_sent_to(email, server.data / "outbox")
    return Patient(server, running.database, running.api_key, user["user_id"], email, code)


def code_sent_to(email: str, outbox: Path) -> str:
    """The code, as soon as it is there."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for letter in mailbox.Maildir(outbox, create=False) if outbox.is_dir() else ():
            if letter["To"] == email:
                return re.findall(r"\b[0-9]{6}\b", str(letter.get_payload()))[0]
        time.sleep(0.05)
    raise AssertionError("no code was sent")


def counted(answers: list[int]) -> dict[int, int]:
    return {status: answers.count(status) for status in sorted(set(answers))}


async def test_of_200_wrong_guesses_five_are_checked(patient: Patient) -> None:
    wrong = patient.wrong()
    answers = await patient.guess([next(wrong) for _ in range(GUESSES)])
    assert set(counted(answers)) <= {401, 429}
    assert await patient.attempts_left() == 0
    assert await patient.recorded("code.failed") == ATTEMPTS


async def test_after_five_wrong_guesses_the_right_one_comes_too_late(patient: Patient) -> None:
    """As many at once as the limit of one identifier lets through to the code itself."""
    wrong = patient.wrong()
    late = Limits().guesses_per_identifier.count - ATTEMPTS
    assert counted(await patient.guess([next(wrong) for _ in range(ATTEMPTS)])) == {401: ATTEMPTS}
    assert counted(await patient.guess([patient.code] * late)) == {401: late}
    assert await patient.attempts_left() == 0
    assert await patient.recorded("code.failed") == ATTEMPTS
    assert await patient.sign_ins() == 0


async def test_the_right_guess_among_200_wins_at_most_once(patient: Patient) -> None:
    """It has to be one of the five that are checked; whether it is, is the race's affair."""
    wrong = patient.wrong()
    codes = [patient.code, *(next(wrong) for _ in range(GUESSES - 1))]
    answers = await patient.guess(codes)
    won = [codes[at] for at, answer in enumerate(answers) if answer == 200]
    assert won in ([], [patient.code])
    assert await patient.sign_ins() == len(won)
    checked = ATTEMPTS - await patient.attempts_left()
    assert await patient.recorded("code.failed") + len(won) == checked <= ATTEMPTS


async def test_the_right_guess_two_hundred_times_wins_exactly_once(patient: Patient) -> None:
    answers = await patient.guess([patient.code] * GUESSES)
    assert set(counted(answers)) <= {200, 401, 429}
    assert counted(answers)[200] == 1
    assert await patient.sign_ins() == 1
    assert await patient.recorded("code.failed") < ATTEMPTS
