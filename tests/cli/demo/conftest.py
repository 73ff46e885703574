"""The synthetic clinic's files, made once a run, and houses over databases of their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from casekeep.bootstrap.house import open_house
from casekeep.cli.demo.clinic import SEED, PlannedFile, PlannedOrganization, PlannedPatient, clinic
from casekeep.cli.demo.making import make_file
from casekeep.db.addresses import Addresses
from casekeep.db.migrating import application_dsn_for, migrate_database
from casekeep.db.passwords import new_password
from casekeep.http.house import House
from casekeep.settings import Settings
from tests.support.database import make_owned_database

EmptyHouse = Callable[[Path], AbstractAsyncContextManager[House]]


@dataclass(frozen=True)
class Made:
    """A made file, and what it was made from."""

    house: str
    case: int | None
    patient: PlannedPatient
    file: PlannedFile
    content: bytes
    again: Callable[[int], bytes]


@pytest.fixture(scope="session")
def made() -> list[Made]:
    """Every file of the plan."""
    of_cases = [
        _made(house, index, house.patients[case.patient], case.clinician, file)
        for house in clinic()
        for index, case in enumerate(house.cases)
        for file in case.files
    ]
    documents = [
        _made(house, None, patient, 0, file)
        for house in clinic()
        for patient in house.patients
        for file in patient.documents
    ]
    return of_cases + documents


def _made(
    house: PlannedOrganization,
    case: int | None,
    patient: PlannedPatient,
    signed_by: int,
    file: PlannedFile,
) -> Made:
    def again(seed: int) -> bytes:
        return make_file(house, patient, signed_by, file, seed)

    return Made(house.name, case, patient, file, again(SEED), again)


@pytest.fixture
def empty_house(admin: asyncpg.Connection, server_dsn: str) -> EmptyHouse:
    """Opens the assembled house over a new, empty database of its own."""

    @asynccontextmanager
    async def opened(data: Path) -> AsyncIterator[House]:
        name = f"demo_{uuid4().hex[:12]}"
        owner_dsn = await make_owned_database(admin, server_dsn, name)
        addresses = Addresses(owner_dsn, application_dsn_for(owner_dsn, new_password()))
        try:
            await migrate_database(addresses.owner_dsn, addresses.application_dsn)
            async with open_house(Settings(data=str(data)), addresses) as house:
                yield house
        finally:
            await admin.execute(f"drop database if exists {name} with (force)")

    return opened
