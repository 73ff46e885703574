"""A real server of two processes, ended with `kill -9` at random moments while files come in over
HTTP, in one request and in parts: one of its processes, its database, or all of it. What was
acknowledged is there, byte by byte, and a check of every byte finds nothing.
"""

import asyncio
import hashlib
import itertools
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from casekeep.bootstrap.database import find_addresses
from casekeep.bootstrap.house import open_house
from casekeep.http.house import House
from casekeep.identity.model import Role
from casekeep.kernel.ids import OrganizationId
from casekeep.settings import Settings
from tests.acceptance.running import Clinic, Server, running_server
from tests.faults.order import files_checked
from tests.faults.points import postmaster
from tests.faults.runs import SEED, SHARE
from tests.support.clinician import PATIENT
from tests.support.factories import make_organization
from tests.support.house import PASSWORD, make_account
from tests.support.tus import Sender

KIB = 1024
PART = 256 * KIB
SENDERS = 3
LONGEST = 60.0
VICTIMS = ("server process", "postmaster", "whole server")
SETTINGS = {"CASEKEEP_WORKERS": "2"}


@dataclass
class Traffic:
    """Files on their way to a server, which is at another address after a restart."""

    url: str
    headers: dict[str, str]
    case: int
    chooser: random.Random
    acknowledged: dict[str, str] = field(default_factory=dict)
    count: int = 0
    is_over: bool = False

    async def go_on(self, more: int) -> None:
        """Until so many more acknowledgements have come."""
        until = self.count + more
        async with asyncio.timeout(LONGEST):
            while self.count < until:  # noqa: ASYNC110 - a server decides
                await asyncio.sleep(0.005)

    def acknowledge(self, file_id: str, content: bytes) -> None:
        self.acknowledged[file_id] = hashlib.sha256(content).hexdigest()
        self.count += 1

    def content(self) -> bytes:
        size = self.chooser.choice([1, 64, 400, 1100]) * KIB
        return b"%PDF-1.7\n" + self.chooser.randbytes(size)

    async def send_whole_ones(self) -> None:
        while not self.is_over:
            content = self.content()
            try:
                async with httpx.AsyncClient(base_url=self.url, headers=self.headers) as client:
                    answer = await client.post(
                        "/cases/upload",
                        data={"case_id": str(self.case)},
                        files={"file": ("report.pdf", content, "application/pdf")},
                    )
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 201:
                self.acknowledge(answer.json()["file"]["file_id"], content)

    async def send_in_parts(self) -> None:
        while not self.is_over:
            content = self.content()
            path, received = "", 0
            while received < len(content) and not self.is_over:
                try:
                    path, received = await self._send_part(path, received, content)
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def _send_part(self, path: str, received: int, content: bytes) -> tuple[str, int]:
        """The upload's path, and what of it is acknowledged now."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            sender = Sender(client, self.headers)
            if not path:
                begun = await sender.begin(
                    len(content), said={"filename": "scan.pdf", "case_id": self.case}
                )
                if begun.status_code != 201:
                    return "", 0
                return httpx.URL(begun.headers["location"]).path, 0
            asked = await sender.ask(path)
            if asked.status_code != 200:
                return path, received
            there = int(asked.headers["upload-offset"])
            assert there >= received, "received, and lost"
            if there < len(content):
                answer = await sender.send(path, there, content[there : there + PART])
                if answer.status_code != 204:
                    return path, there
                asked, there = answer, int(answer.headers["upload-offset"])
            self.count += 1
            if there == len(content):
                self.acknowledge(asked.headers["upload-file-id"], content)
            return path, there


@asynccontextmanager
async def traffic_to(server: Server, clinic: Clinic) -> AsyncIterator[Traffic]:
    """Traffic until the block ends."""
    headers = await asyncio.to_thread(clinic.sign_in, server.url)
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        opened = await client.post("/cases/create_case", data=PATIENT)
    traffic = Traffic(server.url, headers, opened.json()["case"]["id"], random.Random(SEED))
    async with asyncio.TaskGroup() as sending:
        for _ in range(SENDERS):
            sending.create_task(traffic.send_whole_ones())
            sending.create_task(traffic.send_in_parts())
        try:
            yield traffic
        finally:
            traffic.is_over = True


@pytest.mark.timeout(3600)
async def test_a_server_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    data, chooser = tmp_path / "data", random.Random(f"{SEED} serving")
    with ExitStack() as closing:

        def started() -> Server:
            return closing.enter_context(running_server(data, **SETTINGS))

        server = await asyncio.to_thread(started)
        clinic = await made_clinic(data)
        async with traffic_to(server, clinic) as traffic:
            for victim in itertools.islice(itertools.cycle(VICTIMS), SHARE or 2):
                await traffic.go_on(chooser.randint(1, 20))
                print(f"FAULT_SEED={SEED}: {victim}, after {traffic.count}")  # noqa: T201 - shown with a failure
                kill(server, victim, chooser)
                if victim == "whole server":
                    await asyncio.to_thread(server.process.wait)
                    server = await asyncio.to_thread(started)
                    traffic.url = server.url
            await traffic.go_on(10)
        await demand_all(server, traffic)
        async with house_beside(data) as house:
            organization_id = OrganizationId(UUID(clinic.organization_id))
            assert await files_checked(house, organization_id) >= len(traffic.acknowledged)


def house_beside(data: Path) -> AbstractAsyncContextManager[House]:
    """The house of a running server, as a command opens it."""
    settings = Settings(data=str(data))
    return open_house(settings, find_addresses(settings))


async def made_clinic(data: Path) -> Clinic:
    """An organisation with a clinician, at less cost than by commands."""
    email = "doctor@example.org"
    async with house_beside(data) as house:
        organization_id = await make_organization(house.db)
        await make_account(house, organization_id, Role.CLINICIAN, email=email, password=PASSWORD)
    return Clinic(str(organization_id), "", email, PASSWORD)


def kill(server: Server, victim: str, chooser: random.Random) -> None:
    pid = server.process.pid
    if victim == "postmaster":
        pid = postmaster(str(server.data / "postgres"))
    elif victim == "server process":
        pid = chooser.choice(server_processes(server))
    os.kill(pid, signal.SIGKILL)


def server_processes(server: Server) -> list[int]:
    """The processes that answer requests, by their ids."""
    supervisor = server.process.pid
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [
        int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


async def demand_all(server: Server, traffic: Traffic) -> None:
    """Every acknowledged file is listed, and is what was sent."""
    async with httpx.AsyncClient(
        base_url=server.url, headers=traffic.headers, timeout=LONGEST
    ) as client:
        listed = (await client.get(f"/cases/files/{traffic.case}")).json()["files"]
        urls = {file["file_id"]: file["file_url"] for file in listed}
        assert traffic.acknowledged.keys() <= urls.keys(), "acknowledged, and not listed"
        for file_id, digest in traffic.acknowledged.items():
            got = await client.get(urls[file_id])
            assert hashlib.sha256(got.content).hexdigest() == digest
