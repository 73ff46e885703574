"""A process that acts as a server does, says what it acknowledged, and may be struck on the way.

It reads its orders as JSON from the first argument, and writes a JSON line for all that it did.
"""

import asyncio
import hashlib
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import msgspec

from casekeep.bootstrap.house import open_house
from casekeep.db.addresses import Addresses
from casekeep.files.model import Category
from casekeep.files.removal import remove_file
from casekeep.files.uploads.beginning import begin_upload
from casekeep.files.uploads.continuing import receive_part
from casekeep.files.uploads.model import Arrival, NewUpload
from casekeep.http.house import House
from casekeep.http.logs import configure_logging
from casekeep.identity.model import Clinician, Operator
from casekeep.kernel.errors import FileTypeRefused
from casekeep.kernel.ids import CaseId, FileId, OrganizationId, UserId
from casekeep.retention.commanding import purge_file
from casekeep.settings import Settings
from tests.faults.points import Points, Victim
from tests.support.house import purging

KIB = 1024
SIZES = (10 * KIB, 200 * KIB, 1500 * KIB)
PART = 600 * KIB


class Place(msgspec.Struct, frozen=True):
    """A database server of its own, which may be struck, and a folder for all else."""

    data: str
    owner_dsn: str
    application_dsn: str
    postmaster: int

    def house(self) -> AbstractAsyncContextManager[House]:
        addresses = Addresses(self.owner_dsn, self.application_dsn)
        return open_house(Settings(data=self.data, database_connections=4), addresses)


class Orders(msgspec.Struct, frozen=True):
    """What to do, where, and when to be struck."""

    place: Place
    scenario: str
    seed: int
    organization_id: UUID
    clinician_id: UUID
    case_id: UUID
    strike_at: int = 0
    victim: Victim = "process"

    def clinician(self) -> Clinician:
        return Clinician(OrganizationId(self.organization_id), UserId(self.clinician_id))


class Said(msgspec.Struct, frozen=True):
    """What was acknowledged: `kept`, `removed` and `purged` name a file; `refused` a content."""

    word: str
    file_id: UUID | None = None
    sha256: str = ""


def say(word: str, file_id: UUID | None = None, sha256: str = "") -> None:
    sys.stdout.buffer.write(msgspec.json.encode(Said(word, file_id, sha256)) + b"\n")
    sys.stdout.buffer.flush()


async def keep(house: House, orders: Orders, content: bytes) -> FileId:
    """Receive one file and keep it in the case."""
    async with house.receiving.batch(orders.clinician()) as batch:
        await batch.receive("report.pdf", in_pieces(content), Category.RADIOLOGY)
        (file,) = await batch.keep_in_case(
            CaseId(orders.case_id), category=Category.RADIOLOGY, is_phi=True, is_restricted=False
        )
    return file.id


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 256 * KIB):
        yield content[start : start + 256 * KIB]


def contents(seed: int) -> list[bytes]:
    chooser = random.Random(seed)
    return [b"%PDF-1.7\n" + chooser.randbytes(size) for size in SIZES]


async def receive(house: House, orders: Orders) -> None:
    """Files of several sizes, and one that is refused at its end."""
    for content in contents(orders.seed):
        file_id = await keep(house, orders, content)
        say("kept", file_id, hashlib.sha256(content).hexdigest())
    refused = b"MZ" + random.Random(orders.seed).randbytes(300 * KIB)
    try:
        await keep(house, orders, refused)
    except FileTypeRefused:
        say("refused", None, hashlib.sha256(refused).hexdigest())


async def receive_and_remove(house: House, orders: Orders) -> None:
    """Files that come and go to the trash."""
    for content in contents(orders.seed)[:2]:
        file_id = await keep(house, orders, content)
        say("kept", file_id, hashlib.sha256(content).hexdigest())
        await remove_file(house.db, house.audit, orders.clinician(), file_id)
        say("removed", file_id)


async def upload_in_parts(house: House, orders: Orders) -> None:
    """One file that comes in several requests."""
    content = contents(orders.seed)[-1]
    digest, case = hashlib.sha256(content).hexdigest(), CaseId(orders.case_id)
    new = NewUpload("scan.pdf", None, case, Category.RADIOLOGY, True, False, len(content), "")
    upload = await begin_upload(house.uploads, orders.clinician(), new)
    for start in range(0, len(content), PART):
        arrival = Arrival(start, in_pieces(content[start : start + PART]))
        upload = await receive_part(house.uploads, orders.clinician(), upload.id, arrival)
        say(f"received: {upload.received}")
    say("kept", upload.file_id, digest)


async def receive_and_purge(house: House, orders: Orders) -> None:
    """Files that are destroyed for good."""
    operator = Operator(OrganizationId(orders.organization_id))
    for content in contents(orders.seed)[:2]:
        file_id = await keep(house, orders, content)
        say("kept", file_id, hashlib.sha256(content).hexdigest())
        await remove_file(house.db, house.audit, orders.clinician(), file_id)
        say("removed", file_id)
        if (await purge_file(purging(house), operator, file_id)).finished:
            say("purged", file_id)


SCENARIOS: dict[str, Callable[[House, Orders], Awaitable[None]]] = {
    "receive": receive,
    "receive and remove": receive_and_remove,
    "upload in parts": upload_in_parts,
    "purge": receive_and_purge,
}


async def main() -> None:
    configure_logging()  # to standard error: standard output is what it says
    orders = msgspec.json.decode(sys.argv[1], type=Orders)
    points = Points(orders.strike_at, orders.victim, orders.place.postmaster)
    async with orders.place.house() as house:
        points.arm()
        try:
            await SCENARIOS[orders.scenario](house, orders)
        except Exception as error:  # noqa: BLE001 - what a struck database makes of an act
            say(f"failed: {type(error).__name__}")
    say(f"points: {len(points.reached)}")


if __name__ == "__main__":
    asyncio.run(main())
