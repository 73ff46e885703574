"""The mark of a data folder into which a backup is being restored: while it stands, no server may
start there, and only a restore of the same backup goes on.
"""

import os
from pathlib import Path

from casekeep.backups.model import BackupNotPossible
from casekeep.kernel.durability import sync_folder

_NAME = "restoring"
_NEW = ".restoring.new"
_MAY_BE_THERE = {"secrets", "casekeep.toml", _NEW}
"""What an operator puts into a new data folder before the restore, and our own unfinished mark."""


class RestoreMark:
    """The mark in one data folder; it holds the digest of the backup's manifest."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.was_there = False
        self._path = data / _NAME

    @property
    def stands(self) -> bool:
        """Whether a restore has begun here and not ended."""
        return self._path.exists()

    def put(self, digest: str) -> None:
        """Make the folder if need be, and mark it for this backup. Raises BackupNotPossible for a
        folder that holds anything but secrets, settings or the mark of the same backup.
        """
        try:
            self.data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            self.was_there = self._is_mine(digest)
            if not self.was_there:
                self._check_empty()
                self._write(digest)
        except OSError as error:
            raise BackupNotPossible(f"{self.data} cannot be used: {error.strerror}") from None

    def remove(self) -> None:
        """The restore is whole, or has not begun after all."""
        self._path.unlink(missing_ok=True)
        sync_folder(self.data)

    def _is_mine(self, digest: str) -> bool:
        if not self.stands:
            return False
        if self._path.read_text("ascii") != digest:
            raise BackupNotPossible(
                f"another backup was being restored into {self.data}; finish that one, which --at "
                "names, or give a new folder"
            )
        return True

    def _check_empty(self) -> None:
        found = sorted({entry.name for entry in self.data.iterdir()} - _MAY_BE_THERE)
        if found:
            raise BackupNotPossible(
                f"{self.data} holds {found[0]!r}, and a restore writes over nothing; give a new "
                "folder (with no more than `secrets` and casekeep.toml in it)"
            )

    def _write(self, digest: str) -> None:
        new = self.data / _NEW
        with new.open("w", encoding="ascii") as file:
            file.write(digest)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        sync_folder(self.data)
