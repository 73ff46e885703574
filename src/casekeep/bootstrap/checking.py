"""Puts together what checks and mends the stored bytes: for the command, and beside a server."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from casekeep.audit.log import AuditLog
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.replica import ReplicaFolder
from casekeep.blobs.store import BlobStore, RawStore
from casekeep.blobs.vault import Vault
from casekeep.bootstrap.channels import open_channels
from casekeep.bootstrap.sealing import open_deployment_keys
from casekeep.bootstrap.stores import open_replica, open_store, repairs_store
from casekeep.db.addresses import Addresses
from casekeep.db.database import Database
from casekeep.files.verifying.model import Checked
from casekeep.files.verifying.pacing import Pace
from casekeep.files.verifying.repairing import Repairing, Replica
from casekeep.files.verifying.scrubbing import Scrubber
from casekeep.http.house import House
from casekeep.settings import MIB, Settings, SettingsNotValid

_LOOK_EVERY = 300.0
"""Seconds between two looks whether a check is due."""


class Checking(NamedTuple):
    """What the command works with."""

    checked: Checked
    repairing: Repairing


@asynccontextmanager
async def open_checking(settings: Settings, addresses: Addresses) -> AsyncGenerator[Checking, None]:
    """The parts of a check, beside a running server or without one. Raises SettingsNotValid."""
    raw = open_store(settings)
    db = await Database.connect(addresses.application_dsn, size=2)
    audit = AuditLog(db)
    try:
        keys = OrganizationKeys(db, await open_deployment_keys(settings, db))
        repairing = Repairing(raw, _replica(settings, lambda store: Vault(store, keys)))
        yield Checking(Checked(db, Vault(raw, keys), audit), repairing)
    finally:
        await audit.close()
        await db.close()


@asynccontextmanager
async def open_scrubber(settings: Settings, house: House) -> AsyncGenerator[Scrubber | None, None]:
    """The check that never ends, with ways out of its own for mail; None if it is turned off."""
    if not settings.scrub_days:
        yield None
        return
    email, texts = open_channels(settings)
    try:
        pace = Pace(timedelta(days=settings.scrub_days), settings.scrub_mib_per_second * MIB)
        yield Scrubber(Checked(house.db, house.blobs, house.audit), email, pace)
    finally:
        await email.close()
        await texts.close()


async def scrub_forever(settings: Settings, house: House) -> None:
    """Scrub until cancelled, if it is not turned off."""
    async with open_scrubber(settings, house) as scrubber:
        if scrubber is not None:
            await scrubber.run_forever(every=_LOOK_EVERY)


def _replica(settings: Settings, opened: Callable[[RawStore], BlobStore]) -> Replica | None:
    """The replica that the settings name; `opened`: gives the content of what a store keeps raw."""
    kept = open_replica(settings)
    if kept is None:
        return None
    if isinstance(kept, ReplicaFolder) and not kept.is_there():
        raise SettingsNotValid("CASEKEEP_REPLICA: a folder that is there, with a copy of the blobs")
    return Replica(kept, repairs_store(settings), opened)
