"""A worker that is struck while it tells a partner of files: another one tells the rest, and
nothing that happened stays untold.
"""

import asyncio
import os
import signal
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from casekeep.bootstrap.house import reachable, webhook_secrets
from casekeep.http.house import House
from casekeep.kernel.ids import OrganizationId
from casekeep.webhooks.model import NewWebhook, WebhookEvent
from casekeep.webhooks.registering import add_webhook
from tests.faults.acting import Orders, Place
from tests.faults.order import demand_order, once_it_is_back
from tests.faults.places import Ground, made_place
from tests.faults.runs import QUIET, Strike, keep_some, newcomer, of_command, strikes, struck
from tests.faults.struck import Actors, Outcome
from tests.support.database import database_url
from tests.webhooks.receiver import Receiver, receiver

LONGEST = 120.0
PATIENCE = 6.0
"""Seconds for a worker whose database is struck: it may have nothing to do then but wait."""
_TWO_MINUTES_PASS = """
    update pgqueuer set heartbeat = heartbeat - interval '2 minutes',
                        execute_after = execute_after - interval '2 minutes';
    update webhook_deliveries set claimed_until = claimed_until - interval '2 minutes',
                                  next_attempt_at = next_attempt_at - interval '2 minutes'
    where state = 'pending'"""


@pytest.mark.timeout(3600)
@of_command("worker")
async def test_what_a_struck_worker_leaves_untold_is_told_by_another(
    ground: Ground, actors: Actors
) -> None:
    quiet = await run(ground, actors, QUIET)
    for strike in strikes("worker", quiet.points):
        await run(ground, actors, strike)


async def run(ground: Ground, actors: Actors, strike: Strike) -> Outcome:
    async with made_place(ground) as place, place.house() as house, receiver() as partner:
        begun, outcome = await newcomer(house, place, "", strike.seed), Outcome()
        await want_news(house, place, begun, partner)
        await keep_some(house, begun, outcome)
        orders = msgspec.structs.replace(begun, words=("worker",))
        patience = LONGEST if strike.victim == "process" else PATIENCE
        await work(house, actors, struck(orders, strike), outcome, patience)
        if await once_it_is_back(lambda: untold(house, orders)):
            await pass_two_minutes(ground, place)
            await work(house, actors, orders, Outcome(), LONGEST)
        assert await untold(house, orders) == 0
        assert {got.headers["webhook-id"] for got in partner.got} == await told(house, orders)
        await demand_order(house, OrganizationId(orders.organization_id), outcome)
    return outcome


async def want_news(house: House, place: Place, orders: Orders, partner: Receiver) -> None:
    await add_webhook(
        house.db,
        house.audit,
        webhook_secrets(place.settings()),
        reachable(place.settings()),
        actor=orders.operator(),
        new=NewWebhook("a partner", partner.url, (WebhookEvent.FILE_ADDED,)),
    )


async def work(
    house: House, actors: Actors, orders: Orders, outcome: Outcome, seconds: float
) -> None:
    """Have a worker work until nothing is untold, or for so long."""
    ending: asyncio.Task[None] | None = None
    try:
        async for said in actors.say(orders):
            outcome.hear(said)
            if said.word == "acting":
                ending = asyncio.create_task(_end_when_told(house, orders, said.number, seconds))
    finally:
        if ending is not None:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)


async def _end_when_told(house: House, orders: Orders, pid: int, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while await once_it_is_back(lambda: untold(house, orders)):  # noqa: ASYNC110 - a worker decides
                await asyncio.sleep(0.02)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


async def untold(house: House, orders: Orders) -> int:
    async with house.db.transaction(OrganizationId(orders.organization_id)) as tx:
        return await tx.fetch_value(
            "select count(*) from webhook_deliveries where state <> 'delivered'"
        )


async def told(house: House, orders: Orders) -> set[str]:
    """The deliveries there are, by their ids."""
    async with house.db.transaction(OrganizationId(orders.organization_id)) as tx:
        return {str(row["id"]) for row in await tx.fetch("select id from webhook_deliveries")}


async def pass_two_minutes(ground: Ground, place: Place) -> None:
    """After which a worker that is not heard of counts as dead."""
    name = urlsplit(place.owner_dsn).path[1:]
    above = await asyncpg.connect(database_url(ground.superuser_dsn, name))
    try:
        await above.execute(_TWO_MINUTES_PASS)
    finally:
        await above.close()
