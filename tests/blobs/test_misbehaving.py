"""A bucket whose server answers 500 or 503, hangs up, breaks off or says nothing: the caller is
told so in bounded time, nothing half-done is visible, and all goes on when the server does.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable

import pytest

from casekeep.blobs.bucket import open_bucket
from casekeep.blobs.objects import ObjectStore
from casekeep.blobs.store import CHUNK, BlobMissing, StoreUnavailable
from tests.blobs.contract import fresh_key, keep, keys_of, read_all, some_bytes
from tests.support.buckets import S3Server
from tests.support.misbehaving import Fault, Proxy, Request, misbehaving

LARGE = (17 << 20) + 3
CAUSES = {
    Fault.ERROR: "HTTP 500",
    Fault.SLOW_DOWN: "HTTP 503",
    Fault.HANG_UP: "the connection broke off",
    Fault.BREAK_OFF: "the connection broke off",
    Fault.SILENCE: "no answer in time",
}


@pytest.fixture
async def proxy(moto: S3Server) -> AsyncIterator[Proxy]:
    async with misbehaving(moto.address) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: Proxy) -> ObjectStore:
    return ObjectStore(open_bucket(S3Server(proxy.address).url(timeout="2")))


async def cause(act: Awaitable[object]) -> str:
    try:
        await act
    except StoreUnavailable as error:
        return str(error)
    return "it worked"


@pytest.mark.parametrize("fault", CAUSES)
async def test_a_fault_is_told_and_passes(store: ObjectStore, proxy: Proxy, fault: Fault) -> None:
    key, content = fresh_key(), some_bytes(3 * CHUNK)
    await keep(store, key, content)
    fresh, large = fresh_key(), fresh_key()
    proxy.fail_all(fault)
    started = time.monotonic()
    causes = await asyncio.gather(
        cause(keep(store, fresh, b"new")),
        cause(keep(store, large, some_bytes(LARGE))),
        cause(store.size(key)),
        cause(read_all(store, key, 0, len(content))),
        cause(store.delete(fresh_key())),
        cause(keys_of(store)),
        cause(store.try_out()),
    )
    if fault is Fault.BREAK_OFF:  # half an answer may be the whole of what was asked
        causes = [each for each in causes if each != "it worked"]
    assert set(causes) == {CAUSES[fault]}
    assert time.monotonic() - started < 60
    proxy.behave()
    for each in (fresh, large):
        with pytest.raises(BlobMissing):
            await store.size(each)
        await store.delete(each)
        await keep(store, each, content)
    assert await keys_of(store) == {key, fresh, large}
    assert await read_all(store, key, 0, len(content)) == content


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.SLOW_DOWN, Fault.HANG_UP, Fault.SILENCE])
async def test_a_fault_that_passes_at_once_is_not_noticed(
    store: ObjectStore, proxy: Proxy, fault: Fault
) -> None:
    key = fresh_key()
    if fault in {Fault.ERROR, Fault.SLOW_DOWN}:
        proxy.fail_first(2, fault)
    await keep(store, key, b"kept")
    proxy.fail_first(2, fault)
    assert await read_all(store, key, 0, 4) == b"kept"
    proxy.fail_first(2, fault)
    assert await keys_of(store) == {key}


@pytest.mark.parametrize("fault", [Fault.DONE_BUT_ERROR, Fault.BREAK_OFF])
@pytest.mark.parametrize("size", [10, LARGE])
async def test_a_put_whose_answer_was_lost_is_our_own(
    store: ObjectStore, proxy: Proxy, size: int, fault: Fault
) -> None:
    """The server takes the object or the claim, and we hear of a failure: the next try meets what
    the first one made.
    """
    proxy.judge = _once("PUT", fault)
    key, content = fresh_key(), some_bytes(size)
    await keep(store, key, content)
    assert await read_all(store, key, 0, size) == content


@pytest.mark.parametrize("mark", ["partNumber=1", "partNumber=2", "partNumber=3", "uploadId="])
async def test_a_large_blob_that_fails_half_way_is_not_there(
    store: ObjectStore, proxy: Proxy, moto: S3Server, mark: str
) -> None:
    key = fresh_key()
    before = moto.unfinished_uploads()
    verb = "POST" if mark == "uploadId=" else "PUT"
    proxy.judge = lambda request: (
        Fault.ERROR if request.line.startswith(verb) and mark in request.line else None
    )
    assert await cause(keep(store, key, some_bytes(LARGE))) == "HTTP 500"
    assert await keys_of(store) == set()
    assert moto.unfinished_uploads() == before
    proxy.behave()
    await keep(store, key, some_bytes(LARGE))
    assert await store.size(key) == LARGE


def _once(verb: str, fault: Fault):  # type: ignore[no-untyped-def] # noqa: ANN202
    faults = [fault]

    def judge(request: Request) -> Fault | None:
        return faults.pop() if faults and request.line.startswith(verb) else None

    return judge
