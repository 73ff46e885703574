"""A process that does jobs and serves nobody: for machines of their own, or beside a server whose
own jobs are turned off.
"""

import asyncio
import signal
from collections.abc import Callable

from casekeep.bootstrap.database import find_addresses
from casekeep.bootstrap.house import open_house
from casekeep.jobs.running import Runner
from casekeep.settings import Settings
from casekeep.worker.binding import work_of


async def work_until_told(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Do jobs until SIGTERM or SIGINT; running ones get some seconds then."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with open_house(settings, find_addresses(settings)) as house:
        runner = Runner(house.db, work_of(house))
        runner.start()
        on_ready()
        try:
            await told.wait()
        finally:
            await runner.close()
