"""How a command reaches the whole house, with the bytes: beside a running server or without one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from casekeep.bootstrap.database import running_database
from casekeep.bootstrap.house import open_house
from casekeep.cli.options import has_records
from casekeep.db.addresses import Addresses
from casekeep.http.house import House
from casekeep.http.logs import configure_logging
from casekeep.identity.organizations import find_organization
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import OrganizationId
from casekeep.settings import Settings, load_settings

Result = TypeVar("Result")
ActInHouse = Callable[[House, OrganizationId], Awaitable[Result]]


def in_house(data: str | None, org: UUID, act: ActInHouse[Result]) -> Result:
    """Run `act` in the house, for one organisation. Raises InputNotValid when there is none, or no
    clinic in the data folder.
    """
    configure_logging(level=logging.WARNING)
    settings = load_settings({"data": data})
    if not has_records(settings):
        folder = Path(settings.data).absolute()
        raise InputNotValid(f"no clinic in {folder}; give --data or set CASEKEEP_DATA")
    with running_database(settings, keep=False) as database:
        return asyncio.run(_run(settings, database.addresses, OrganizationId(org), act))


async def _run(
    settings: Settings, addresses: Addresses, org: OrganizationId, act: ActInHouse[Result]
) -> Result:
    async with open_house(settings, addresses) as house:
        if await find_organization(house.db, org) is None:
            raise InputNotValid("no organisation has this id; 'casekeep org list' shows them")
        return await act(house, org)
