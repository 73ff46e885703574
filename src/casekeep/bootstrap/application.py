"""The ASGI application of one server process: the edges over an opened house, and the tasks that
keep the house in order beside them.
"""

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from casekeep.audit.sealing import seal_forever
from casekeep.bootstrap.checking import scrub_forever
from casekeep.bootstrap.database import find_addresses
from casekeep.bootstrap.house import open_house
from casekeep.bootstrap.purging import purging_for
from casekeep.bootstrap.working import runner_for
from casekeep.clinician_api.app import build_app as build_clinician_api
from casekeep.clinician_api.app import openapi as clinician_document
from casekeep.files.sweeping import sweep_forever
from casekeep.files.uploads.ending import sweep_uploads_forever
from casekeep.http.logs import configure_logging
from casekeep.http.root import Apps, Root
from casekeep.kernel.memory import give_memory_back
from casekeep.kernel.processes import ending_with
from casekeep.pages.app import Published
from casekeep.pages.app import build_app as build_pages
from casekeep.portal_api.app import build_app as build_portal_api
from casekeep.portal_api.app import openapi as portal_document
from casekeep.retention.rounds import purge_forever
from casekeep.settings import Settings, load_settings
from casekeep.webhooks.rescuing import rescue_forever

_SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while others want it: those that seal and write bytes
need it for moments only, and would wait ten times as long by default.
"""
_SWEEP_SECONDS = 30.0
_SEAL_SECONDS = 10.0
_RESCUE_SECONDS = 300.0
_PURGE_SECONDS = 600.0


def application() -> Root:
    """The application of one server process, which ends with the process that started it. Its
    settings come from the environment.
    """
    give_memory_back()
    sys.setswitchinterval(_SWITCH_SECONDS)
    configure_logging()
    _end_with_supervisor()
    settings = load_settings()
    return Root(lambda: _serving(settings))


def _end_with_supervisor() -> None:
    """Orphans would keep the port. Importing took a while, and the parent may be gone already."""
    parent = multiprocessing.parent_process()
    expected = os.getppid() if parent is None or parent.pid is None else parent.pid
    if end := ending_with(expected, signal.SIGKILL):
        end()


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncGenerator[Apps, None]:
    async with open_house(settings, find_addresses(settings)) as house:
        contracts = {
            "clinician": Published(clinician_document(), "/openapi.json"),
            "portal": Published(portal_document(), "/api/v1/openapi.json"),
        }
        apps = Apps(
            house,
            build_clinician_api(house),
            build_portal_api(house),
            build_pages(settings, contracts),
        )
        _settle_memory()
        purging = purging_for(settings, house.db, house.audit)
        tasks = [
            asyncio.create_task(sweep_forever(house.db, house.blobs, _SWEEP_SECONDS)),
            asyncio.create_task(sweep_uploads_forever(house.uploads, every=_SWEEP_SECONDS)),
            asyncio.create_task(seal_forever(house.db, every=_SEAL_SECONDS)),
            asyncio.create_task(purge_forever(purging, _PURGE_SECONDS)),
            asyncio.create_task(rescue_forever(house.db, every=_RESCUE_SECONDS)),
            asyncio.create_task(scrub_forever(settings, house)),
        ]
        runner = runner_for(settings, house) if settings.jobs else None
        if runner:
            runner.start()
        try:
            yield apps
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if runner:
                await runner.close()


def _settle_memory() -> None:
    """Take what was made so far out of the garbage collector's rounds: it stays for good, and going
    through it again and again would hold up requests.
    """
    gc.collect()
    gc.freeze()
