"""What every depot can do: a folder or a bucket outside of the house, where backups go. A path in
it has plain segments made of ids, times and names of tables, with slashes between them.
"""

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class DepotUnavailable(Exception):
    """The depot cannot take or give bytes now; the text says what it said, never a secret."""


class DepotMissing(Exception):
    """The depot holds nothing under this path."""


@dataclass(frozen=True, slots=True)
class Lying:
    """One thing in a depot: its path, and its size in bytes."""

    path: str
    size: int


class Depot(Protocol):
    """A place that keeps whole things by path. Everything raises DepotUnavailable."""

    def hold(self) -> AbstractContextManager[None]:
        """Keep other writers of this machine out, where the depot can. Raises DepotUnavailable."""
        ...

    async def put(self, path: str, pieces: AsyncIterable[bytes]) -> None:
        """Keep `pieces` under `path`, whole and durable, or nothing; replaces what was there."""
        ...

    def read(self, path: str) -> AsyncGenerator[bytes, None]:
        """What is kept, in pieces. Raises DepotMissing."""
        ...

    def lying(self, folder: str) -> AsyncGenerator[Lying, None]:
        """All that lies in `folder` and below it (`""`: everywhere), in the order of the paths."""
        ...

    async def names(self, folder: str) -> tuple[str, ...]:
        """The names of the folders that lie directly in `folder`, sorted."""
        ...

    async def delete(self, path: str) -> None:
        """Remove what is kept under `path`; no error if there is nothing."""
        ...

    async def clear(self, folder: str) -> None:
        """Remove all that lies in `folder` and below it."""
        ...
