"""Folders of the local store: made when first needed, private, and durable before a file in them
is acknowledged.
"""

import os
from pathlib import Path
from threading import Lock

from casekeep.kernel.durability import sync_folder

_PRIVATE_FOLDER = 0o700
_LEVELS = 2
"""Folders between the root and a file: the organisation, and the shard within it."""


class Folders:
    """Opens new files below `root`, and remembers which folders this process made durable."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._durable: set[Path] = set()
        self._making = Lock()

    def open_in(self, path: Path, flags: int, mode: int) -> int:
        """Open `path`, making its folders if need be; a file descriptor. Raises OSError."""
        if path.parent in self._durable:
            try:
                return os.open(path, flags, mode)
            except FileNotFoundError:  # the folder was removed under us
                self._durable.discard(path.parent)
        self._make(path.parent)
        return os.open(path, flags, mode)

    def _make(self, folder: Path) -> None:
        """Make `folder` and what is above it. Even a folder that is there already is synced once:
        another thread or a process before this one may have made it a moment ago and not more.
        """
        with self._making:
            if folder in self._durable:
                return
            self._root.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            lineage = [*reversed(folder.parents[: _LEVELS - 1]), folder]
            for each in lineage:
                each.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
                sync_folder(each.parent)
            sync_folder(self._root.parent)
            self._durable.add(folder)
