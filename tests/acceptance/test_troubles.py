"""The places where bytes are kept are in trouble while a server runs: the disk is full or
read-only, the bucket answers 500 or 503 or nothing. Callers of both contracts are told to come
again, nothing half-done stays, and the same calls succeed later, by the same processes, without an
operator.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.acceptance.running import Clinic, Server, attempt, casekeep, make_clinic, running_server
from tests.acceptance.troubles import (
    OF_A_SMALL_DISK,
    TROUBLES,
    Trouble,
    heed_modes,
    small_disk,
)
from tests.support.buckets import *  # noqa: F403 - fixtures are found by name
from tests.support.buckets import S3Server
from tests.support.clinician import PATIENT, PDF
from tests.support.database import drop_database, make_owned_database
from tests.support.misbehaving import Fault, Request, misbehaving
from tests.support.partner import CASES, DETAIL, OPEN, around_now, body, file, question
from tests.support.tus import Sender
from tests.support.wire import wire_to

CONTENT = PDF + bytes(range(256)) * 1024
pytestmark = pytest.mark.timeout(300)  # a dozen commands, and the patience of a bucket's client
PLACES = ("here", "there")
AGAIN = {"retry-after": "30"}
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Python takes half a file of it, as there is when no more may be written, for the whole."""
NOT_KEPT = "Storage is unavailable; nothing was kept, please try again"
UNAVAILABLE = {
    "status": 503,
    "success": False,
    "error": "Storage is unavailable, please try again",
    "code": "STORAGE_UNAVAILABLE",
}


@pytest_asyncio.fixture
async def database_url(admin: asyncpg.Connection, server_dsn: str) -> AsyncIterator[str]:
    """A database of the test's own, whose server is out of the trouble."""
    name = f"troubles_{uuid4().hex[:12]}"
    url = await make_owned_database(admin, server_dsn, name)
    try:
        async with wire_to(url) as wire:  # the server's own socket is another account's
            yield wire.dsn
    finally:
        await drop_database(admin, name)


@dataclass
class Callers:
    """A clinician and a partner's software, and what they have kept so far."""

    web: httpx.AsyncClient
    clinician: dict[str, str]
    partner: dict[str, str]
    case: int
    upload: str = ""
    """The address of an upload that is under way."""
    names: list[str] = field(default_factory=list)

    @property
    def sender(self) -> Sender:
        return Sender(self.web, self.clinician)

    async def add(self, name: str) -> httpx.Response:
        files = {"file": (name, CONTENT)}
        data = {"case_id": str(self.case)}
        return await self.web.post("/cases/upload", headers=self.clinician, data=data, files=files)

    async def open_case(self) -> httpx.Response:
        files = {"lab_files": ("first.pdf", CONTENT)}
        url = "/cases/create_case"
        return await self.web.post(url, headers=self.clinician, data=PATIENT, files=files)

    async def submit(self) -> httpx.Response:
        """A case with a file, as a partner's software opens one."""
        given = body(questions=[question("FILE", file(content=CONTENT))])
        return await self.web.post(OPEN, headers=self.partner, json=given)

    async def go_on(self) -> httpx.Response:
        """The rest of the upload that is under way."""
        return await self.sender.send(self.upload, len(PDF), CONTENT[len(PDF) :])

    async def begin(self) -> None:
        """An upload whose beginning is here."""
        said = {"filename": f"{uuid4().hex}.pdf", "case_id": self.case}
        answer = await self.sender.begin(len(CONTENT), said=said)
        self.upload = answer.headers["location"]
        assert (await self.sender.send(self.upload, 0, PDF)).status_code == 204

    async def listed(self) -> list[dict[str, Any]]:
        answer = await self.web.get(f"/cases/files/{self.case}", headers=self.clinician)
        return answer.json()["files"]

    async def cases(self) -> int:
        """How many cases the two have together."""
        mine = await self.web.get("/cases/all_cases", headers=self.clinician)
        theirs = await self.web.get(CASES, headers=self.partner, params=around_now())
        return len(mine.json()["cases"]) + len(theirs.json()["data"]["cases"])

    async def contents(self) -> set[bytes]:
        """What the files of the case have in them."""
        urls = [each["file_url"] for each in await self.listed()]
        answers = [await self.web.get(url, headers=self.clinician) for url in urls]
        assert all(each.status_code == 200 for each in answers)
        return {each.content for each in answers}


@contextlib.asynccontextmanager
async def callers_of(server: Server, clinic: Clinic) -> AsyncIterator[Callers]:
    """Both, with a case that has one file."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as web:
        clinician = await asyncio.to_thread(clinic.sign_in, server.url)
        made = Callers(web, clinician, {"cv-api-key": clinic.api_key}, 0)
        opened = await made.open_case()
        made.case = opened.json()["case"]["id"]
        assert (await made.submit()).status_code == 200
        yield made


async def check_refused(callers: Callers) -> None:
    """Whoever sends bytes is told to come again, in the words of each contract, and nothing that
    anybody can see has changed.
    """
    before = await callers.listed(), await callers.cases()
    added, opened, sent, submitted = await asyncio.gather(
        callers.add("refused.pdf"), callers.open_case(), callers.go_on(), callers.submit()
    )
    for each in (added, opened, sent):
        assert (each.status_code, each.json()) == (503, {"detail": NOT_KEPT})
    assert (submitted.status_code, submitted.json()) == (503, UNAVAILABLE)
    for each in (added, opened, sent, submitted):
        assert each.headers.items() >= AGAIN.items()
    assert sent.headers["tus-resumable"] == "1.0.0"
    shown = await callers.sender.ask(callers.upload)
    assert (shown.status_code, shown.headers["upload-offset"]) == (200, str(len(PDF)))
    assert (await callers.listed(), await callers.cases()) == before


async def check_accepted(callers: Callers) -> None:
    """The very calls that were refused."""
    added, opened, sent, submitted = await asyncio.gather(
        callers.add("refused.pdf"), callers.open_case(), callers.go_on(), callers.submit()
    )
    statuses = [each.status_code for each in (added, opened, sent, submitted)]
    assert statuses == [201, 201, 204, 200]
    assert sent.headers["upload-file-id"] in {each["file_id"] for each in await callers.listed()}
    assert await callers.contents() == {CONTENT}


async def test_a_bucket_in_trouble(tmp_path: Path, moto: S3Server, database_url: str) -> None:
    async with misbehaving(moto.address) as proxy:
        settings = {
            "CASEKEEP_DATABASE_URL": database_url,
            "CASEKEEP_BLOBS": S3Server(proxy.address).url(timeout="1"),
        }
        async with served(tmp_path / "data", settings) as (server, clinic):
            processes = server.processes()
            async with callers_of(server, clinic) as callers:
                await callers.begin()
                proxy.judge = in_turn(Fault.ERROR, Fault.SLOW_DOWN, Fault.SILENCE)
                await check_refused(callers)
                await check_not_given(callers)
                proxy.behave()
                await check_accepted(callers)
            assert server.processes() == processes
        await check_clean(tmp_path / "data", settings)


def in_turn(*faults: Fault) -> Callable[[Request], Fault | None]:
    """The next fault for whatever would bring or fetch bytes. What would remove some is let
    through: it is tried as often and as long, and then left to the sweeper.
    """
    turns = cycle(faults)
    return lambda request: None if request.line.startswith("DELETE") else next(turns)


async def check_not_given(callers: Callers) -> None:
    """Whoever asks for bytes is told to come again, too."""
    (first, *_), headers = await callers.listed(), callers.partner
    shown = await callers.web.get(CASES, headers=headers, params=around_now())
    case = shown.json()["data"]["cases"][0]["id"]
    mine, theirs = await asyncio.gather(
        callers.web.get(first["file_url"], headers=callers.clinician),
        callers.web.get(
            DETAIL, headers=headers, params={"caseId": case, "includeAttachments": "true"}
        ),
    )
    assert (mine.status_code, mine.json()) == (503, {"detail": NOT_KEPT})
    assert (theirs.status_code, theirs.json()) == (503, UNAVAILABLE)
    assert mine.headers.items() >= AGAIN.items()
    assert theirs.headers.items() >= AGAIN.items()


@contextlib.asynccontextmanager
async def served(data: Path, settings: Mapping[str, str]) -> AsyncIterator[tuple[Server, Clinic]]:
    """A server that heeds the modes of folders, and a clinic on it."""
    with contextlib.ExitStack() as closing:
        running = running_server(data, first=heed_modes, CASEKEEP_WORKERS="1", **settings)
        server = await asyncio.to_thread(closing.enter_context, running)
        yield server, await asyncio.to_thread(partial(make_clinic, data, **settings))
        await asyncio.to_thread(closing.close)


async def check_clean(data: Path, settings: Mapping[str, str]) -> None:
    """Every byte is there, and none that nobody answers for."""
    found = await asyncio.to_thread(partial(casekeep, data, "verify", "--deep", **settings))
    assert not found["findings"], found


async def test_a_disk_in_trouble(tmp_path: Path, database_url: str) -> None:
    """Uploads of every kind, a backup and a move of blobs meet each trouble."""
    disk, data = tmp_path / "disk", tmp_path / "data"
    settings = {
        "CASEKEEP_DATABASE_URL": database_url,
        "CASEKEEP_BLOBS": f"disk:{disk / 'here'}",
        "CASEKEEP_BLOBS_FROM": f"disk:{disk / 'there'}",
        **NO_BYTECODE,
    }
    with small_disk(disk) as is_small:
        troubles = TROUBLES | (OF_A_SMALL_DISK if is_small else {})
        async with served(data, settings) as (server, clinic):
            processes = server.processes()
            async with callers_of(server, clinic) as callers:
                for trouble in troubles.values():
                    await callers.begin()
                    kept = files_in(disk)
                    with trouble.making(server, disk):
                        await check_refused(callers)
                        await check_commands_refused(data, settings, trouble, disk)
                        assert await callers.contents() == {CONTENT}
                    assert files_in(disk) == kept
                    await check_accepted(callers)
                await check_commands_done(data, settings, disk)
                assert await callers.contents() == {CONTENT}
            assert server.processes() == processes
        await check_clean(data, settings)


def files_in(disk: Path, *places: str) -> list[str]:
    """The name of every file in the two places of blobs, or in others, finished or not. One that is
    small may move from one to the other, where there is little room.
    """
    found = [each for place in places or PLACES for each in (disk / place).rglob("*")]
    return sorted(each.name for each in found if each.is_file())


async def check_commands_refused(
    data: Path, settings: Mapping[str, str], trouble: Trouble, disk: Path
) -> None:
    """They say in one line what is wrong, and leave nothing that counts."""
    run = partial(attempt, data, first=trouble.first)
    backup, move = await asyncio.gather(
        asyncio.to_thread(partial(run, "backup", str(disk / "backup"), **settings)),
        asyncio.to_thread(partial(run, *moving(disk), **swapped(settings))),
    )
    for done, said in ((backup, "the backup's folder says: "), (move, "could not be: ")):
        assert done.returncode == 1, done
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert "manifest.json" not in files_in(disk, "backup")


async def check_commands_done(data: Path, settings: Mapping[str, str], disk: Path) -> None:
    """The very commands that were refused."""
    run = partial(casekeep, data)
    taken = await asyncio.to_thread(partial(run, "backup", str(disk / "backup"), **settings))
    assert taken["files"] == len(files_in(disk))
    proven = await asyncio.to_thread(
        partial(run, "backup", "verify", str(disk / "backup"), **settings)
    )
    assert (proven["ok"], proven["contents"]) == (True, taken["files"])
    moved = await asyncio.to_thread(partial(run, *moving(disk), **swapped(settings)))
    assert (moved["left"], moved["failed"]) == (0, 0)


def moving(disk: Path) -> tuple[str, ...]:
    return ("blobs", "move", "--to", f"disk:{disk / 'there'}")


def swapped(settings: Mapping[str, str]) -> dict[str, str]:
    """With the two places of blobs the other way round; the server looks in both anyway."""
    here, there = settings["CASEKEEP_BLOBS"], settings["CASEKEEP_BLOBS_FROM"]
    return {**settings, "CASEKEEP_BLOBS": there, "CASEKEEP_BLOBS_FROM": here}
