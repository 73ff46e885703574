"""A case to bring files into, and what became of them."""

import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from casekeep.cases.model import CaseFacts
from casekeep.files.exporting import export_case
from casekeep.files.importing.bringing import Dock, Wishes, import_files
from casekeep.files.importing.model import Told
from casekeep.files.importing.sources import open_source
from casekeep.files.listing import list_case_files
from casekeep.files.model import StoredFile
from casekeep.identity.model import Actor, Operator
from tests.files.room import Room
from tests.support.factories import make_case, make_clinician, make_organization


@dataclass(frozen=True)
class Pier:
    room: Room
    actor: Actor
    case: CaseFacts

    async def bring(
        self, source: Path, wishes: Wishes | None = None, *, rehearses: bool = False
    ) -> list[Told]:
        """Everything that an import tells."""
        dock = Dock(self.room.db, self.room.audit, self.room.receiving)
        async with open_source(source) as found:
            telling = import_files(
                dock, self.actor, self.case.id, found, wishes or Wishes(), rehearses=rehearses
            )
            return [told async for told in telling]

    async def files(self) -> tuple[StoredFile, ...]:
        return await list_case_files(self.room.db, self.room.audit, self.actor, self.case.id)

    async def names(self) -> list[str]:
        return [file.name for file in await self.files()]

    async def export(self) -> bytes:
        made = await export_case(
            self.room.db,
            self.room.audit,
            self.room.blobs,
            self.actor,
            self.case.id,
            describe=lambda _case, _files: b"{}",
        )
        return b"".join([piece async for piece in made.read()])


async def another_pier(room: Room) -> Pier:
    """A case of another organisation's clinician."""
    clinician = await make_clinician(room.db, await make_organization(room.db))
    owner = clinician.user_id
    case = await make_case(room.db, clinician.organization_id, clinician_id=owner)
    return Pier(room, clinician, case)


@pytest_asyncio.fixture
async def pier(room: Room) -> Pier:
    return await another_pier(room)


def as_operator(pier: Pier) -> Pier:
    """The same, for the operator."""
    return Pier(pier.room, Operator(pier.case.organization_id), pier.case)


def by_fate(told: list[Told]) -> dict[str, list[str]]:
    """Paths by what became of them."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in told:
        found[each.fate.value].append(each.path)
    return dict(found)


def reasons(told: list[Told]) -> dict[str, str | None]:
    """Why things were not kept, by path."""
    return {each.path: each.reason for each in told if each.reason}


def folder_of(root: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with files by their paths in it."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


def zip_of(path: Path, files: Mapping[str, bytes], **how: Any) -> Path:
    """A ZIP as Python makes it."""
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def entries_of(made: bytes) -> dict[str, bytes]:
    """Everything in a ZIP."""
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
