"""Brings the database up: finds or starts it, migrates it as its owner, and refuses to go on as a
role that could see over the tenant wall.
"""

import asyncio
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from casekeep.backups.restore_mark import RestoreMark
from casekeep.db.addresses import Addresses, EmbeddedServer, external_addresses
from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.migrating import check_application_role, migrate_database
from casekeep.settings import Settings


class RunningDatabase(NamedTuple):
    """Where a database is, and the migrations that were applied to it just now."""

    addresses: Addresses
    migrated: tuple[str, ...]


@contextmanager
def running_database(settings: Settings, *, keep: bool) -> Generator[RunningDatabase, None, None]:
    """A database that is up, migrated, and safe to serve from. `keep`: this process stays, and
    takes over the embedded server when the one that runs it leaves.

    Raises DatabaseNotUsable.
    """
    if RestoreMark(Path(settings.data)).stands:
        raise DatabaseNotUsable(
            f"a backup is being restored into {settings.data} and is not there as a whole; "
            "type the same 'casekeep restore' again to go on with it"
        )
    with ExitStack() as closing:
        if settings.database_url:
            addresses = find_addresses(settings)
        else:
            server = closing.enter_context(EmbeddedServer(Path(settings.data)))
            addresses = server.start_or_join(keep=keep)
        yield RunningDatabase(addresses, asyncio.run(_bring_up_to_date(settings, addresses)))


async def _bring_up_to_date(settings: Settings, addresses: Addresses) -> tuple[str, ...]:
    made_by_hand = bool(settings.database_app_url)
    done = await migrate_database(
        addresses.owner_dsn, None if made_by_hand else addresses.application_dsn
    )
    await check_application_role(addresses.application_dsn)
    return done.applied


def find_addresses(settings: Settings) -> Addresses:
    """Where the database of a running server is: the external one, or the embedded one."""
    if settings.database_url:
        return external_addresses(
            settings.database_url, settings.database_app_url, secrets_folder(settings)
        )
    return EmbeddedServer(Path(settings.data)).join()


def secrets_folder(settings: Settings) -> Path:
    """The folder of this deployment's secrets."""
    return Path(settings.data) / "secrets"
