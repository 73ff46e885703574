"""What a server does with files, act by act, saying what it has acknowledged."""

import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from casekeep.cases.removal import remove_case, restore_case
from casekeep.files.model import Category
from casekeep.files.removal import remove_file
from casekeep.files.restoring import restore_file
from casekeep.files.uploads.beginning import begin_upload
from casekeep.files.uploads.continuing import receive_part
from casekeep.files.uploads.model import Arrival, NewUpload
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from casekeep.kernel.errors import FileTypeRefused
from casekeep.kernel.ids import CaseId, FileId
from casekeep.retention.commanding import purge_file
from casekeep.retention.rounds import go_round
from tests.faults.acting import Orders, say
from tests.support.house import purging

KIB = 1024
SIZES = (10 * KIB, 200 * KIB, 1500 * KIB)
PART = 600 * KIB


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


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def receive(house: House, orders: Orders) -> None:
    """Files of several sizes, and one that is refused at its end."""
    for content in contents(orders.seed):
        say("kept", await keep(house, orders, content), digest(content))
    refused = b"MZ" + random.Random(orders.seed).randbytes(300 * KIB)
    try:
        await keep(house, orders, refused)
    except FileTypeRefused:
        say("refused", None, digest(refused))


async def receive_and_remove(house: House, orders: Orders) -> None:
    """Files that come and go to the trash."""
    for content in contents(orders.seed)[:2]:
        await _keep_and_remove(house, orders, content)


async def _keep_and_remove(house: House, orders: Orders, content: bytes) -> FileId:
    file_id = await keep(house, orders, content)
    say("kept", file_id, digest(content))
    await remove_file(house.db, house.audit, orders.clinician(), file_id)
    say("removed", file_id)
    return file_id


async def remove_and_restore(house: House, orders: Orders) -> None:
    """A file that goes to the trash and comes back, alone and then with its case."""
    file_id = await _keep_and_remove(house, orders, contents(orders.seed)[1])
    say("restoring", file_id)
    await restore_file(house.db, house.audit, orders.clinician(), file_id)
    say("restored", file_id)
    case = CaseId(orders.case_id)
    await remove_case(house.db, house.audit, orders.clinician(), case)
    await restore_case(house.db, house.audit, orders.clinician(), case)
    say("kept", file_id, digest(contents(orders.seed)[1]))


async def upload_in_parts(house: House, orders: Orders) -> None:
    """One file that comes in several requests."""
    content, case = contents(orders.seed)[-1], CaseId(orders.case_id)
    new = NewUpload("scan.pdf", None, case, Category.RADIOLOGY, True, False, len(content), "")
    upload = await begin_upload(house.uploads, orders.clinician(), new)
    for start in range(0, len(content), PART):
        arrival = Arrival(start, in_pieces(content[start : start + PART]))
        upload = await receive_part(house.uploads, orders.clinician(), upload.id, arrival)
        say("received", number=upload.received)
    say("kept", upload.file_id, digest(content))


async def receive_and_purge(house: House, orders: Orders) -> None:
    """Files that an operator destroys for good."""
    for content in contents(orders.seed)[:2]:
        file_id = await _keep_and_remove(house, orders, content)
        if (await purge_file(purging(house), orders.operator(), file_id)).finished:
            say("purged", file_id)


async def receive_and_go_round(house: House, orders: Orders) -> None:
    """Files that are destroyed because their time in the trash is over."""
    removed = [await _keep_and_remove(house, orders, each) for each in contents(orders.seed)[:2]]
    later = replace(purging(house), clock=lambda: utc_now() + timedelta(days=40))
    if await go_round(later) == len(removed):
        for file_id in removed:
            say("purged", file_id)


SCENARIOS: dict[str, Callable[[House, Orders], Awaitable[None]]] = {
    "receive": receive,
    "receive and remove": receive_and_remove,
    "remove and restore": remove_and_restore,
    "upload in parts": upload_in_parts,
    "purge": receive_and_purge,
    "purge round": receive_and_go_round,
}
