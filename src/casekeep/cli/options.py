"""Options that several commands share, and how a command reaches the house's records."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.bootstrap.database import running_database
from casekeep.db.addresses import Addresses
from casekeep.db.database import Database
from casekeep.http.logs import configure_logging
from casekeep.identity.organizations import find_organization
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import OrganizationId
from casekeep.settings import Settings, load_settings

Result = TypeVar("Result")
Act = Callable[[Database, AuditLog], Awaitable[Result]]
ActWithin = Callable[[Database, AuditLog, OrganizationId], Awaitable[Result]]

DataOption = Annotated[
    str | None,
    typer.Option("--data", help="Folder of everything Casekeep keeps. [env: CASEKEEP_DATA]"),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, for scripts to read.")
]
OrgOption = Annotated[
    UUID, typer.Option("--org", help="The organisation's id, as `casekeep org list` shows it.")
]


def with_records(data: str | None, act: Act[Result], *, may_be_new: bool = False) -> Result:
    """Run `act` on the records of the data folder, beside a running server or without one.

    `may_be_new`: whether a clinic is made where there is none; else raises InputNotValid.
    """
    configure_logging(level=logging.WARNING)
    settings = load_settings({"data": data})
    if not may_be_new and not has_records(settings):
        folder = Path(settings.data).absolute()
        raise InputNotValid(f"no clinic in {folder}; give --data or set CASEKEEP_DATA")
    with running_database(settings, keep=False) as database:
        return asyncio.run(_run(database.addresses, act))


def within(data: str | None, org: UUID, act: ActWithin[Result]) -> Result:
    """Run `act` on the records of one organisation. Raises InputNotValid when there is none."""

    async def act_within(db: Database, audit: AuditLog) -> Result:
        found = await find_organization(db, OrganizationId(org))
        if found is None:
            raise InputNotValid("no organisation has this id; 'casekeep org list' shows them")
        return await act(db, audit, found.id)

    return with_records(data, act_within)


def has_records(settings: Settings) -> bool:
    """Whether there is a database to look into, so that none would be made by looking."""
    return bool(settings.database_url) or (Path(settings.data) / "postgres").is_dir()


async def _run(addresses: Addresses, act: Act[Result]) -> Result:
    async with _records(addresses) as (db, audit):
        return await act(db, audit)


@asynccontextmanager
async def _records(addresses: Addresses) -> AsyncGenerator[tuple[Database, AuditLog], None]:
    db = await Database.connect(addresses.application_dsn, size=2)
    audit = AuditLog(db)
    audit.start()
    try:
        yield db, audit
    finally:
        await audit.close()
        await db.close()
