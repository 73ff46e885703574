"""Folders of the local store: made when first needed, private, and durable before a file in them
is acknowledged. While the disk that the root was on is away, nothing is made in its place, and what
is not found is not therefore gone.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import ParamSpec, TypeVar

from casekeep.kernel.durability import sync_folder

P = ParamSpec("P")
R = TypeVar("R")

_PRIVATE_FOLDER = 0o700
_LEVELS = 2
"""Folders between the root and a file: the organisation, and the shard within it."""


class Folders:
    """Opens new files below `root`, and remembers which folders this process made durable."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._durable: set[Path] = set()
        self._making = Lock()
        self._is_filled = False
        """Whether there was anything in the root, as far as this process knows."""
        with suppress(OSError):
            self._is_filled = holds_anything(root)

    def open_in(self, path: Path, flags: int, mode: int) -> int:
        """Open `path`, making its folders if need be; a file descriptor. Raises OSError."""
        if path.parent in self._durable:
            try:
                return os.open(path, flags, mode)
            except FileNotFoundError:  # the folder was removed under us
                self._durable.discard(path.parent)
        self._make(path.parent)
        return os.open(path, flags, mode)

    def look(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `work`, whose FileNotFoundError is passed on only if the root is there to
        be looked into. Raises OSError.
        """
        try:
            found = work(*args, **kwargs)
        except FileNotFoundError:
            self.demand_root()
            raise
        self._is_filled = True
        return found

    def demand_root(self) -> None:
        """Go on if anything is in the root, or never was. Raises OSError: a folder that a disk is
        mounted on is there without it too, and empty, and nothing here ever empties it.
        """
        if holds_anything(self._root):
            self._is_filled = True
        elif self._is_filled:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    def _make(self, folder: Path) -> None:
        """Make `folder` and what is above it. Even a folder that is there already is synced once:
        another thread or a process before this one may have made it a moment ago and not more.
        """
        with self._making:
            if folder in self._durable:
                return
            self.demand_root()
            self._root.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            lineage = [*reversed(folder.parents[: _LEVELS - 1]), folder]
            for each in lineage:
                each.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
                sync_folder(each.parent)
            sync_folder(self._root.parent)
            self._durable.add(folder)
            self._is_filled = True


def holds_anything(folder: Path) -> bool:
    """Whether there is such a folder with anything in it. Raises OSError."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except (FileNotFoundError, NotADirectoryError):
        return False
