"""The ASGI application of one server process: the edges over an opened house, and the tasks that
keep the house in order beside them.
"""

import asyncio
import ctypes
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from casekeep.audit.sealing import seal_forever
from casekeep.bootstrap.database import find_addresses
from casekeep.bootstrap.house import open_house
from casekeep.clinician_api.app import build_app as build_clinician_api
from casekeep.files.sweeping import sweep_forever
from casekeep.http.logs import configure_logging
from casekeep.http.root import Apps, Root
from casekeep.pages.app import build_app as build_pages
from casekeep.portal_api.app import build_app as build_portal_api
from casekeep.settings import Settings, load_settings

_SWEEP_SECONDS = 30.0
_SEAL_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


def application() -> Root:
    """The application of one server process, which ends with the process that started it. Its
    settings come from the environment.
    """
    configure_logging()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    settings = load_settings()
    return Root(lambda: _serving(settings))


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncGenerator[Apps, None]:
    async with open_house(settings, find_addresses(settings)) as house:
        tasks = [
            asyncio.create_task(sweep_forever(house.db, house.blobs, _SWEEP_SECONDS)),
            asyncio.create_task(seal_forever(house.db, every=_SEAL_SECONDS)),
        ]
        try:
            yield Apps(
                house, build_clinician_api(house), build_portal_api(house), build_pages(settings)
            )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
