"""What a process that may be struck is told to do, and how it says what it has acknowledged."""

import os
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import msgspec

from casekeep.bootstrap.database import find_addresses
from casekeep.bootstrap.house import open_house
from casekeep.http.house import House
from casekeep.identity.model import Clinician, Operator
from casekeep.kernel.ids import OrganizationId, UserId
from casekeep.settings import PREFIX, Settings
from tests.faults.points import Victim

_STANDARD_OUTPUT = 1


class Place(msgspec.Struct, frozen=True):
    """A database of a server that may be struck, and a folder for all else. `cluster`: the
    server's folder. Without an address for the application the migration makes its role.
    """

    cluster: str
    data: str
    owner_dsn: str
    application_dsn: str = ""
    blobs: str = "disk"
    blobs_from: str = ""

    def settings(self) -> Settings:
        return Settings(**self._chosen())

    def house(self) -> AbstractAsyncContextManager[House]:
        return open_house(self.settings(), find_addresses(self.settings()))

    def environment(self) -> dict[str, str]:
        """What an operator would set for a command."""
        return {PREFIX + name.upper(): str(value) for name, value in self._chosen().items()}

    def _chosen(self) -> dict[str, str | int]:
        return {
            "data": self.data,
            "database_url": self.owner_dsn,
            "database_app_url": self.application_dsn,
            "database_connections": 4,
            "blobs": self.blobs,
            "blobs_from": self.blobs_from,
            "webhook_private_networks": "127.0.0.0/8",
        }


class Orders(msgspec.Struct, frozen=True):
    """What to do, where, and when to be struck. `words`: of a command, to be run instead of a
    scenario.
    """

    place: Place
    scenario: str
    seed: int
    organization_id: UUID
    clinician_id: UUID
    case_id: UUID
    words: tuple[str, ...] = ()
    strike_at: int = 0
    victim: Victim = "process"

    def clinician(self) -> Clinician:
        return Clinician(OrganizationId(self.organization_id), UserId(self.clinician_id))

    def operator(self) -> Operator:
        return Operator(OrganizationId(self.organization_id))


class Said(msgspec.Struct, frozen=True):
    """What happened. Of a file: `kept`, `removed`, `restoring`, `restored`, `purged`; of a content:
    `refused`. `number`: a process, an exit status, bytes or moments.
    """

    word: str
    file_id: UUID | None = None
    sha256: str = ""
    number: int = 0


def say(word: str, file_id: UUID | None = None, sha256: str = "", number: int = 0) -> None:
    os.write(_STANDARD_OUTPUT, msgspec.json.encode(Said(word, file_id, sha256, number)) + b"\n")
