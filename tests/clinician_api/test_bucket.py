"""A clinic whose files are in a bucket: what a clinician is told while it does not answer, that
nothing half-done stays, and that all goes on by itself when it does again.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from casekeep.blobs.bucket import open_bucket
from casekeep.blobs.objects import ObjectStore
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import claim_receiver
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from tests.blobs.contract import keys_of
from tests.support.buckets import BUCKET, SECRET_KEY, S3Server
from tests.support.clinician import PDF, add_file, open_case, refusal, whole_server
from tests.support.house import SignedIn, client, signed_in_clinician
from tests.support.misbehaving import Fault, Proxy, misbehaving

BUSY = "Storage is unavailable; nothing was kept, please try again"


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def proxy(moto: S3Server) -> AsyncIterator[Proxy]:
    async with misbehaving(moto.address) as proxy:
        yield proxy


@pytest.fixture
async def elsewhere(house: House, proxy: Proxy) -> AsyncIterator[House]:
    """The house with its files in a bucket behind the proxy."""
    blobs = ObjectStore(open_bucket(S3Server(proxy.address).url(timeout="1")))
    receiver = await claim_receiver(house.db)
    receiving = Receiving(house.db, blobs, house.audit, house.limits, receiver.number, utc_now)
    yield replace(house, blobs=blobs, receiving=receiving)
    await receiving.close()
    await receiver.close()


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.SLOW_DOWN, Fault.HANG_UP, Fault.SILENCE])
async def test_a_bucket_that_does_not_answer(
    elsewhere: House, caller: SignedIn, proxy: Proxy, fault: Fault
) -> None:
    async with client(whole_server(elsewhere)) as root:
        made = await open_case(root, caller.headers, ("lab_files", "a.pdf", PDF))
        url, case = f"/{made['uploaded_files'][0]['file_url']}", made["case"]["id"]
        kept = await keys_of(elsewhere.blobs)
        proxy.fail_all(fault)
        with capture_logs() as logs:
            added = await add_file(root, caller.headers, case, name="b.pdf")
            opened = await root.get(url, headers=caller.headers)
        assert refusal(added) == (503, BUSY)
        assert opened.status_code == 503
        assert not any(word in str(logs) for word in (BUCKET, SECRET_KEY, "a.pdf", "127.0.0.1"))
        listed = await root.get(f"/cases/files/{case}", headers=caller.headers)
        assert [file["file_name"] for file in listed.json()["files"]] == ["a.pdf"]
        proxy.behave()
        assert await keys_of(elsewhere.blobs) == kept
        assert (await root.get(url, headers=caller.headers)).content == PDF
        assert (await add_file(root, caller.headers, case, name="b.pdf")).status_code == 201
