"""Options that several commands share, and how a command reaches the house's records."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
import typer
from rich.console import Console

from casekeep.audit.log import AuditLog
from casekeep.bootstrap.database import running_database
from casekeep.db.addresses import Addresses
from casekeep.db.database import Database
from casekeep.kernel.ids import OrganizationId
from casekeep.settings import load_settings

Result = TypeVar("Result")
Act = Callable[[Database, AuditLog], Awaitable[Result]]

DataOption = Annotated[
    str | None,
    typer.Option("--data", help="Folder of everything Casekeep keeps. [env: CASEKEEP_DATA]"),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, for scripts to read.")
]
OrgOption = Annotated[
    UUID, typer.Option("--org", help="The organisation's id, as `casekeep org create` gave it.")
]

out = Console()


def with_records(data: str | None, act: Act[Result]) -> Result:
    """Run `act` on the records of the data folder, beside a running server or without one."""
    settings = load_settings({"data": data})
    with running_database(settings, keep=False) as database:
        return asyncio.run(_run(database.addresses, act))


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


def organization(value: UUID) -> OrganizationId:
    """The option as the kind of id it is."""
    return OrganizationId(value)


def print_json(value: Any) -> None:  # noqa: ANN401 - anything that encodes
    """One line of JSON on stdout."""
    typer.echo(msgspec.json.encode(value).decode())
