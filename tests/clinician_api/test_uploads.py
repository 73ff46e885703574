"""The tus protocol over the clinician edge: each status, and the file at the end."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from casekeep.blobs.store import BlobKey
from casekeep.files.queries_quotas import Count, unfinished
from casekeep.files.uploads.kit import clear_left_over
from casekeep.http.house import House
from casekeep.identity.model import Audience, Role
from casekeep.kernel.ids import FileId
from tests.support.clinician import JPEG, PDF, kept, open_case
from tests.support.house import MIB, SignedIn, make_account, signed_in_clinician
from tests.support.tus import BYTES, VERSION, Sender, metadata

BIG = PDF + bytes(3 * MIB)


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def sender(root: httpx.AsyncClient, caller: SignedIn) -> Sender:
    return Sender(root, caller.headers)


@pytest.fixture
async def case(root: httpx.AsyncClient, caller: SignedIn) -> int:
    return (await open_case(root, caller.headers))["case"]["id"]


async def begun(sender: Sender, case: object, content: bytes = BIG, **said: object) -> str:
    answer = await sender.begin(
        len(content), said={"filename": "scan.pdf", "case_id": case, **said}
    )
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def test_a_file_in_three_parts(
    root: httpx.AsyncClient, sender: Sender, case: int, caller: SignedIn, house: House
) -> None:
    url = await begun(sender, case, category="radiology", is_restricted="true")
    at = 0
    for end in (10, 2 * MIB, len(BIG)):
        answer = await sender.send(url, at, BIG[at:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        assert answer.headers["tus-resumable"] == "1.0.0"
        at = end
    file_id = answer.headers["upload-file-id"]
    shown = await root.get(f"/cases/file/{file_id}", headers=caller.headers)
    file = shown.json()["file"]
    assert (file["file_name"], file["file_size"]) == ("scan.pdf", len(BIG))
    assert file["file_category"] == "radiology"
    bytes_ = await root.get(file["file_url"], headers=caller.headers)
    assert bytes_.content == BIG
    # Nothing but the file is left, and the upload still tells what became of it.
    assert await kept(house, caller.organization_id) == (1, 1, 1)
    told = await sender.ask(url)
    assert told.headers["upload-file-id"] == file_id
    assert told.headers["upload-offset"] == told.headers["upload-length"] == str(len(BIG))


async def test_a_file_in_one_part_is_the_part_as_it_lies(
    sender: Sender, case: int, caller: SignedIn, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[FileId] = []
    receive = house.blobs.receive

    def watched(key: BlobKey) -> Any:
        written.append(key.file_id)
        return receive(key)

    monkeypatch.setattr(house.blobs, "receive", watched)
    url = await begun(sender, case)
    sent = await sender.send(url, 0, BIG)
    assert sent.status_code == 204
    assert written == [UUID(sent.headers["upload-file-id"])]
    assert await kept(house, caller.organization_id) == (1, 1, 1)
    shown = await sender.client.get(f"/cases/file/{written[0]}", headers=caller.headers)
    file_url = shown.json()["file"]["file_url"]
    assert (await sender.client.get(file_url, headers=caller.headers)).content == BIG
    await clear_left_over(house.uploads, caller.organization_id)
    assert await kept(house, caller.organization_id) == (1, 1, 1)


async def test_a_case_that_goes_meanwhile_takes_a_file_in_one_part_with_it(
    sender: Sender, case: int, caller: SignedIn, house: House
) -> None:
    url = await begun(sender, case)

    async def slowly() -> AsyncIterator[bytes]:
        yield BIG[:MIB]
        async with house.db.transaction(caller.organization_id) as tx:
            await tx.execute(
                "update cases set clinician_id = null where organization_id = $1",
                caller.organization_id,
            )
        yield BIG[MIB:]

    sent = await sender.send(url, 0, slowly())
    assert sent.status_code == 404
    assert (await sender.ask(url)).status_code == 410
    assert await kept(house, caller.organization_id) == (1, 0, 0)


async def test_head_tells_how_far_it_is(sender: Sender, case: int) -> None:
    url = await begun(sender, case)
    await sender.send(url, 0, BIG[:1000])
    answer = await sender.ask(url)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["upload-offset"] == "1000"
    assert answer.headers["upload-length"] == str(len(BIG))
    assert answer.headers["upload-metadata"] == metadata(filename="scan.pdf", case_id=case)
    assert answer.headers["upload-expires"].endswith("GMT")
    assert answer.content == b""


async def test_creation_with_bytes(sender: Sender, case: int) -> None:
    said = metadata(filename="report.pdf", case_id=case)
    fields = {**VERSION, **BYTES, "Upload-Length": str(len(PDF)), "Upload-Metadata": said}
    answer = await sender.client.post(
        sender.path, headers={**sender.headers, **fields}, content=PDF
    )
    assert answer.status_code == 201
    assert answer.headers["upload-offset"] == str(len(PDF))
    assert answer.headers["upload-file-id"]


WITH_BYTES = {"Upload-Length": str(len(BIG))}


@pytest.mark.parametrize(
    "refused",
    [
        (BIG, {"Upload-Checksum": "md5 aaaa"}, 400),
        (BIG, {"Upload-Checksum": f"sha1 {base64.b64encode(bytes(20)).decode()}"}, 460),
        (b"MZ" + bytes(100_000), {}, 415),
        (BIG + b"?", {}, 413),
    ],
)
async def test_of_a_creation_whose_bytes_are_refused_nothing_is_left(
    sender: Sender, case: int, caller: SignedIn, refused: tuple[bytes, dict[str, str], int]
) -> None:
    """Nobody is told its address, so it would only take room."""
    content, fields, status = refused
    house = caller.house
    said = {"Upload-Metadata": metadata(filename="report.pdf", case_id=case)}
    headers = {**sender.headers, **VERSION, **BYTES, **WITH_BYTES, **said, **fields}
    answer = await sender.client.post(sender.path, headers=headers, content=content)
    assert answer.status_code == status, answer.text
    assert await kept(house, caller.organization_id) == (1, 0, 0)
    async with house.db.transaction(caller.organization_id) as tx:
        assert await unfinished(tx, caller.user.id) == (Count(0, 0), Count(0, 0))


async def test_a_length_that_is_said_at_the_end(sender: Sender, case: int) -> None:
    answer = await sender.begin(None, said={"case_id": case})
    url = answer.headers["location"]
    await sender.send(url, 0, PDF[:20])
    assert (await sender.ask(url)).headers["upload-defer-length"] == "1"
    wrong = await sender.send(url, 20, b"", Upload_Length="10")
    assert wrong.status_code == 400
    rest = await sender.send(url, 20, PDF[20:], Upload_Length=str(len(PDF)))
    assert rest.headers["upload-file-id"]


async def test_a_length_that_is_said_when_all_is_there(sender: Sender, case: int) -> None:
    url = (await sender.begin(None, said={"case_id": case})).headers["location"]
    await sender.send(url, 0, PDF)
    done = await sender.send(url, len(PDF), b"", Upload_Length=str(len(PDF)))
    assert done.headers["upload-file-id"]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_a_checksum(sender: Sender, case: int, algorithm: str) -> None:
    url = await begun(sender, case, PDF)
    digest = base64.b64encode(hashlib.new(algorithm, PDF).digest()).decode()
    wrong = await sender.send(url, 0, PDF[:-1] + b"?", Upload_Checksum=f"{algorithm} {digest}")
    assert wrong.status_code == 460
    assert (await sender.ask(url)).headers["upload-offset"] == "0"
    right = await sender.send(url, 0, PDF, Upload_Checksum=f"{algorithm} {digest}")
    assert right.headers["upload-file-id"]


async def test_what_is_refused(sender: Sender, case: int) -> None:
    url = await begun(sender, case)
    assert (await sender.send(url, 5, b"x")).status_code == 409
    assert (await sender.send(url, 0, b"x", Upload_Checksum="md5 aaaa")).status_code == 400
    assert (await sender.send(url, 0, b"x", Upload_Checksum="sha1 ???")).status_code == 400
    odd = {**sender.headers, **VERSION, **BYTES, "Upload-Offset": "0"}
    odd_digest = await sender.client.patch(
        url, headers={**odd, "Upload-Checksum": "sha1 é".encode("latin-1")}, content=b"x"
    )
    assert odd_digest.status_code == 400
    assert (await sender.send(url, 0, b"x", Content_Type="text/plain")).status_code == 415
    assert (await sender.send(url, 0, b"x", Upload_Offset="-1")).status_code == 400
    assert (await sender.send(url, 0, BIG + b"x")).status_code == 413
    old = await sender.send(url, 0, b"x", Tus_Resumable="0.2.2")
    assert (old.status_code, old.headers["tus-version"]) == (412, "1.0.0")
    assert old.headers["tus-resumable"] == "1.0.0"
    assert (await sender.ask(url)).headers["upload-offset"] == "0"
    assert (await sender.ask(f"/uploads/{uuid4()}")).status_code == 404
    assert (await sender.ask("/uploads/abc")).status_code == 422
    assert (await sender.client.get(url, headers=sender.headers)).status_code == 405


@pytest.mark.parametrize(
    ("length", "fields", "status"),
    [
        (0, {}, 400),
        (5 * MIB, {}, 413),
        (1, {"Upload_Defer_Length": "1"}, 400),
        (1, {"Upload_Length": "x"}, 400),
        (1, {"Upload_Metadata": "filename ???"}, 400),
        (1, {"Upload_Metadata": "a YQ==,a YQ=="}, 400),
        (1, {"Upload_Metadata": metadata(filename="a\0.pdf")}, 400),
        (1, {"Upload_Metadata": metadata(case_id="abc")}, 422),
        (1, {"Upload_Metadata": metadata(category="ct")}, 422),
        (1, {"Upload_Metadata": metadata(is_phi="maybe")}, 422),
        (1, {"Upload_Metadata": metadata(case_id=uuid4())}, 404),
        (1, {"Tus_Resumable": "2.0.0"}, 412),
    ],
)
async def test_what_is_not_begun(
    sender: Sender, length: int, fields: dict[str, str], status: int
) -> None:
    answer = await sender.begin(length, **fields)
    assert answer.status_code == status, answer.text
    assert answer.headers["tus-resumable"] == "1.0.0"


async def test_giving_up(sender: Sender, case: int, caller: SignedIn, house: House) -> None:
    url = await begun(sender, case)
    await sender.send(url, 0, BIG[:MIB])
    assert (await sender.end(url)).status_code == 204
    assert await kept(house, caller.organization_id) == (1, 0, 0)
    for answer in (await sender.ask(url), await sender.send(url, MIB, b"x"), await sender.end(url)):
        assert answer.status_code == 410


async def test_a_file_stays_when_its_upload_is_given_up(sender: Sender, case: int) -> None:
    url = await begun(sender, case, PDF)
    await sender.send(url, 0, PDF)
    assert (await sender.end(url)).status_code == 410


async def test_another_method_as_post(sender: Sender, case: int) -> None:
    url = await begun(sender, case, PDF)
    fields = {**sender.headers, **VERSION, **BYTES, "Upload-Offset": "0"}
    sent = await sender.client.post(
        url, headers={**fields, "X-HTTP-Method-Override": "PATCH"}, content=PDF[:9]
    )
    assert (sent.status_code, sent.headers["upload-offset"]) == (204, "9")
    ended = await sender.client.post(url, headers={**fields, "X-HTTP-Method-Override": "DELETE"})
    assert ended.status_code == 204
    assert (await sender.client.post(url, headers=fields)).status_code == 405


async def test_discovery(sender: Sender) -> None:
    answer = await sender.client.options("/uploads", headers=sender.headers)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == str(4 * MIB)
    assert "checksum" in answer.headers["tus-extension"].split(",")
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"


async def test_a_program_is_refused_at_its_first_bytes(
    sender: Sender, case: int, caller: SignedIn, house: House
) -> None:
    url = await begun(sender, case)
    answer = await sender.send(url, 0, b"MZ" + bytes(100_000))
    assert answer.status_code == 415
    assert (await sender.ask(url)).status_code == 410
    assert await kept(house, caller.organization_id) == (1, 0, 0)


async def test_two_requests_at_once(sender: Sender, case: int) -> None:
    url = await begun(sender, case)
    # A body is asked for once the upload is in hand.
    taken, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        taken.set()
        yield BIG[:MIB]
        await go_on.wait()
        yield BIG[MIB:]

    first = asyncio.create_task(sender.send(url, 0, slowly()))
    await taken.wait()
    assert (await sender.send(url, 0, b"x")).status_code == 423
    go_on.set()
    assert (await first).headers["upload-file-id"]


async def test_somebody_elses_upload_is_none(
    house: House, sender: Sender, case: int, caller: SignedIn
) -> None:
    url = await begun(sender, case)
    colleague = await make_account(house, caller.organization_id, Role.CLINICIAN)
    tokens = await house.sign_in.open_for(colleague, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    other = Sender(sender.client, headers)
    nothing = await other.send(f"/uploads/{uuid4()}", 0, b"x")
    for answer in (await other.send(url, 0, b"x"), await other.ask(url), await other.end(url)):
        assert answer.status_code == 404
        assert answer.text in {"", nothing.text}


async def test_an_upload_for_a_case_to_come(
    root: httpx.AsyncClient, sender: Sender, caller: SignedIn
) -> None:
    url = (await sender.begin(len(JPEG), said={"filename": "x.jpg"})).headers["location"]
    sent = await sender.send(url, 0, JPEG)
    assert "upload-file-id" not in sent.headers
    case = (await open_case(root, caller.headers))["case"]["id"]
    headers = {**caller.headers, **VERSION}
    named = await root.post(f"{url}/case", headers=headers, json={"case_id": str(case)})
    assert named.status_code == 204, named.text
    again = await root.post(f"{url}/case", headers=headers, json={"case_id": str(case)})
    assert again.status_code == 400
    listed = await root.get(f"/cases/files/{case}", headers=caller.headers)
    assert [each["file_id"] for each in listed.json()["files"]] == [named.headers["upload-file-id"]]
