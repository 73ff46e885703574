"""Runs a worker: does jobs and serves nobody, until SIGTERM."""

import asyncio
from collections.abc import Callable

from casekeep.bootstrap.channels import open_channels
from casekeep.bootstrap.database import running_database
from casekeep.bootstrap.sealing import check_deployment_keys
from casekeep.bootstrap.stores import check_contents, check_store
from casekeep.bootstrap.working import work_until_told
from casekeep.http.logs import configure_logging
from casekeep.settings import Settings


def work(settings: Settings, *, on_ready: Callable[[], None]) -> None:
    """Do jobs until SIGTERM or SIGINT. Raises SettingsNotValid without the deployment's key, and
    what `check_store`, `check_contents` and `running_database` raise.
    """
    configure_logging()
    open_channels(settings)
    asyncio.run(check_store(settings))
    with running_database(settings, keep=True) as database:
        asyncio.run(check_deployment_keys(settings, database.addresses))
        asyncio.run(check_contents(settings, database.addresses))
        asyncio.run(work_until_told(settings, on_ready))
