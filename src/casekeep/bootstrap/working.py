"""Puts the doing of jobs together, beside a server or in a process that serves nobody: for machines
of their own, or where a server's own jobs are turned off.
"""

import asyncio
import signal
from collections.abc import Callable

from casekeep.bootstrap.database import find_addresses
from casekeep.bootstrap.house import open_house, reachable, webhook_secrets
from casekeep.http.house import House
from casekeep.jobs.running import Runner
from casekeep.portal_api.webhook_bodies import WebhookBodies
from casekeep.settings import Settings
from casekeep.webhooks.delivering import Delivering
from casekeep.webhooks.sending import Sender
from casekeep.worker.binding import given_up_of, work_of


async def work_until_told(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Do jobs until SIGTERM or SIGINT; running ones get some seconds then."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with open_house(settings, find_addresses(settings)) as house:
        runner = runner_for(settings, house)
        runner.start()
        on_ready()
        try:
            await told.wait()
        finally:
            await runner.close()


def runner_for(settings: Settings, house: House) -> Runner:
    """What does this version's jobs over an open house; not started yet."""
    delivering = Delivering(
        house.db,
        house.audit,
        webhook_secrets(settings),
        Sender(reachable(settings)),
        WebhookBodies(house).write,
    )
    return Runner(house.db, work_of(house, delivering), give_up=given_up_of(house))
