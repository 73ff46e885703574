"""Documented answers that no other golden test comes by: those that are nothing but a head, and
those that need something to be wrong with the house.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from httpx import AsyncClient

from casekeep.blobs.local import LocalStore
from casekeep.clinician_api.app import build_app
from casekeep.db.database import Database
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import claim_receiver
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from tests.contract.clinician.test_golden import check
from tests.support.clinician import PDF, add_file, open_case, whole_server
from tests.support.database import TestServer
from tests.support.house import SignedIn, client, signed_in_clinician


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


async def test_answers_without_a_body(root: AsyncClient, caller: SignedIn) -> None:
    opened = await open_case(root, caller.headers, ("lab_files", "a.pdf", PDF))
    listed = f"/cases/files/{opened['case']['id']}"
    content = "/" + opened["uploaded_files"][0]["file_url"]
    for path, name in ((listed, "list"), (content, "download")):
        whole = await root.get(path, headers=caller.headers)
        tag = whole.headers["etag"]
        for status, condition in (
            (304, {"if-none-match": tag}),
            (412, {"if-match": '"another"'}),
        ):
            answer = await root.get(path, headers={**caller.headers, **condition})
            check(f"{name}-{status}", answer, etag=tag)
    past = {**caller.headers, "range": f"bytes={len(PDF)}-"}
    check("download-416", await root.get(content, headers=past), size=len(PDF))


async def test_a_store_that_takes_nothing(house: House, caller: SignedIn, tmp_path: Path) -> None:
    (tmp_path / "blobs").write_bytes(b"not a folder")
    blobs = LocalStore(tmp_path / "blobs")
    receiver = await claim_receiver(house.db)
    receiving = Receiving(house.db, blobs, house.audit, house.limits, receiver.number, utc_now)
    async with client(build_app(replace(house, blobs=blobs, receiving=receiving))) as api:
        case = (await open_case(api, caller.headers))["case"]["id"]
        check("store-503", await add_file(api, caller.headers, case))
    await receiving.close()
    await receiver.close()


async def test_a_failure_nobody_foresaw(
    house: House, caller: SignedIn, test_server: TestServer
) -> None:
    lost = await Database.connect(test_server.application_dsn, size=1)
    await lost.close()
    async with client(whole_server(replace(house, db=lost))) as api:
        failed = await api.get("/cases/files/1", headers=caller.headers)
    check("failed-500", failed, reference=failed.headers["x-request-id"])
