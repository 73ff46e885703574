"""The bound on bodies in memory: who waits, who is refused, and that nothing leaks from it."""

import asyncio
from typing import Any

import pytest

from casekeep.http.budget import BodyBudget
from casekeep.kernel.errors import TooManyRequests, UploadBroken
from tests.http.asgi import receiving


def scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "headers": list(headers)}


async def held(budget: BodyBudget, *headers: tuple[bytes, bytes]) -> int:
    """How much a body with these headers takes of the budget, of at most 60 bytes."""
    taken = 0

    async def app(_: Any, receive: Any, __: Any) -> None:
        nonlocal taken
        before = budget.free
        await receive()
        taken = before - budget.free
        await receive()

    messages = [{"type": "http.request", "body": b"x"}, {"type": "http.disconnect"}]
    await budget.around(60)(app)(scope(*headers), receiving(*messages), None)
    return taken


async def test_a_body_takes_what_it_announces_or_the_most_and_gives_it_back() -> None:
    budget = BodyBudget(100)
    assert await held(budget, (b"content-length", b"25")) == 25
    assert await held(budget, (b"content-length", b"999")) == 60
    assert await held(budget, (b"transfer-encoding", b"chunked")) == 60
    assert budget.free == 100


async def test_who_never_reads_takes_nothing_and_who_fails_gives_back() -> None:
    budget = BodyBudget(100)

    async def refuse(_: Any, __: Any, ___: Any) -> None:
        assert budget.free == 100
        raise PermissionError

    async def fail(_: Any, receive: Any, __: Any) -> None:
        await receive()
        raise PermissionError

    for app in (refuse, fail):
        with pytest.raises(PermissionError):
            await budget.around(60)(app)(scope(), receiving({"type": "http.request"}), None)
    assert budget.free == 100


async def test_a_full_budget_is_waited_for_then_refused() -> None:
    budget = BodyBudget(100, patience=0.1)
    await budget.take(60)
    with pytest.raises(TooManyRequests) as refused:
        await budget.take(60)
    assert refused.value.retry_after >= 1
    waiting = asyncio.create_task(budget.take(60))
    await asyncio.sleep(0)
    budget.give_back(60)
    await waiting
    assert budget.free == 40


async def test_a_body_that_drips_is_broken_off() -> None:
    budget = BodyBudget(100, longest=0.1)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def app(_: Any, receive: Any, __: Any) -> None:
        while True:
            await receive()

    with pytest.raises(UploadBroken):
        await asyncio.wait_for(budget.around(60)(app)(scope(), drip, None), 5)
    assert budget.free == 100
