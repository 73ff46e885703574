"""Gives each file its `file_url`, once and for good. Two files of one name in one place get
numbers; a path is never given twice, not even after its file was removed.
"""

import secrets
from collections.abc import Sequence

from casekeep.cases.model import CaseFacts
from casekeep.db.database import Tx
from casekeep.files import queries_receiving
from casekeep.files.model import Category, Received
from casekeep.files.names import numbered, path_name
from casekeep.files.queries_receiving import Placed
from casekeep.kernel.ids import CaseId

_FIRST_TRIES = 4
_MORE = 8
_IN_ORDER = _FIRST_TRIES * _MORE * _MORE
_OUT_OF_ORDER = 10**9

Wanted = tuple[Received, Category, str]
"""A file, its category, and the folder of its path, with a slash at the end."""


def folder_of_new_case(case_id: CaseId, category: Category) -> str:
    """Where files that come with a case are: `lab_files/{case uuid}/` (clinician contract)."""
    return f"{category.value}_files/{case_id}/"


def folder_of_case(case: CaseFacts) -> str:
    """Where files that are added later are: `/files/{case number}/` (clinician contract)."""
    return f"/files/{case.number}/"


def place_document(received: Received, category: Category) -> Placed:
    """The path of a general document, which belongs to no case."""
    return Placed(received, category, f"documents/{received.id}")


async def place(tx: Tx, wanted: Sequence[Wanted]) -> list[Placed]:
    """Paths for files, in their order. The caller holds the lock of the case they go into, so that
    nobody is given the same path meanwhile.
    """
    paths = _Paths(tx)
    names = [(folder, path_name(received.name)) for received, _, folder in wanted]
    await paths.ask([path for name in names for path in _candidates(*name, 1, _FIRST_TRIES)])
    return [
        Placed(received, category, await paths.claim(*name))
        for (received, category, _), name in zip(wanted, names, strict=True)
    ]


class _Paths:
    """Which paths are taken, as far as was asked."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._asked: set[str] = set()
        self._taken: set[str] = set()

    async def ask(self, paths: Sequence[str]) -> None:
        new = [path for path in dict.fromkeys(paths) if path not in self._asked]
        if new:
            self._asked.update(new)
            self._taken |= await queries_receiving.taken_paths(self._tx, new)

    async def claim(self, folder: str, name: str) -> str:
        """The first free one of `name`, `name (2)`, … up to some hundreds; beyond that any free
        number, so that a flood of one name holds nobody up.
        """
        first, last = 1, _FIRST_TRIES
        while True:
            if last > _IN_ORDER:
                first = last = _IN_ORDER + secrets.randbelow(_OUT_OF_ORDER)
            candidates = _candidates(folder, name, first, last)
            await self.ask(candidates)
            for path in candidates:
                if path not in self._taken:
                    self._taken.add(path)
                    return path
            first, last = last + 1, last * _MORE


def _candidates(folder: str, name: str, first: int, last: int) -> list[str]:
    return [folder + numbered(name, number) for number in range(first, last + 1)]
