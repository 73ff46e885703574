"""Work behind its owner's back: it goes on meanwhile, and what goes wrong is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from casekeep.blobs.behind import Behind, one_ahead


class Broken(Exception):
    """What the work of these tests fails with."""


async def test_what_was_begun_goes_on_until_it_is_waited_for() -> None:
    behind, may_end, done = Behind(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await may_end.wait()
        done.set()

    behind.begin(work())
    may_end.set()
    await behind.settle()
    assert done.is_set()
    await behind.settle()  # nothing is left to wait for


async def test_nothing_follows_what_failed() -> None:
    behind = Behind()

    async def fail() -> None:
        raise Broken

    behind.begin(fail())
    for _ in range(2):
        with pytest.raises(Broken):
            await behind.settle()
    await behind.let_go()


async def test_letting_go_waits_for_the_end_though_it_is_cancelled() -> None:
    behind, begun, may_end, ended = Behind(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await may_end.wait()
        ended.set()
        raise Broken

    behind.begin(work())
    letting_go = asyncio.create_task(behind.let_go())
    await begun.wait()
    letting_go.cancel()
    asyncio.get_running_loop().call_soon(may_end.set)
    with pytest.raises(asyncio.CancelledError):
        await letting_go
    assert ended.is_set()


async def test_the_next_is_made_while_one_is_in_use() -> None:
    made = [asyncio.Event() for _ in range(4)]

    async def numbers() -> AsyncGenerator[int, None]:
        for number, event in enumerate(made):
            event.set()
            yield number

    async with aclosing(one_ahead(numbers())) as ahead:
        assert await anext(ahead) == 0
        async with asyncio.timeout(10):
            await made[1].wait()
        assert not made[2].is_set()
        assert [number async for number in ahead] == [1, 2, 3]


async def test_what_came_before_an_error_is_handed_out_first() -> None:
    async def broken() -> AsyncGenerator[str, None]:
        yield "whole"
        raise Broken

    async with aclosing(one_ahead(broken())) as ahead:
        assert await anext(ahead) == "whole"
        with pytest.raises(Broken):
            await anext(ahead)


async def test_who_leaves_early_leaves_nothing_open() -> None:
    closed = asyncio.Event()

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(1000):
                yield number
        finally:
            closed.set()

    async with aclosing(one_ahead(numbers())) as ahead:
        await anext(ahead)
    assert closed.is_set()
