"""What the loader leaves in the data folder: a journal while it works, and at the very end
`demo.json`, which says that the whole clinic is there and who can sign in. Both hold secrets of the
demo, so only their owner can read them.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from casekeep.pages.demo_clinic import DemoClinic as DemoAccounts

__all__ = ["DemoAccounts", "Journal", "alone", "write_accounts"]

_AGAIN_SECONDS = 0.1
_ACCOUNTS, _JOURNAL, _LOCK = "demo.json", "demo-loading.json", "demo.lock"


class Journal:
    """An unfinished load: that one has begun, and which documents without a case it has added."""

    def __init__(self, data: Path) -> None:
        self._path = data / _JOURNAL

    @property
    def begun(self) -> bool:
        """Whether a load has begun here and not ended."""
        return self._path.exists()

    def begin(self) -> None:
        """Note that a load begins, durably."""
        _write(self._path, msgspec.json.encode([]))

    def documents(self) -> set[str]:
        """Which documents were added, as they were noted."""
        return set(msgspec.json.decode(self._path.read_bytes(), type=list[str]))

    def note(self, document: str) -> None:
        """Note a document that was added."""
        _write(self._path, msgspec.json.encode(sorted({*self.documents(), document})))

    def end(self) -> None:
        """Forget the load: it is whole."""
        self._path.unlink(missing_ok=True)


def write_accounts(data: Path, accounts: DemoAccounts) -> None:
    """Leave `demo.json`, from which the front page reads; whoever sees it sees all of it."""
    _write(data / _ACCOUNTS, msgspec.json.format(msgspec.json.encode(accounts), indent=2))


@asynccontextmanager
async def alone(data: Path) -> AsyncGenerator[None, None]:
    """Hold the demo's lock, so that two processes never load at the same time; waits for it."""
    handle = _lock_file(data)
    try:
        while not _locked(handle):  # noqa: ASYNC110 - the lock of a file tells nobody when it is free
            await asyncio.sleep(_AGAIN_SECONDS)
        yield
    finally:
        os.close(handle)


def _lock_file(data: Path) -> int:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(data / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    """Replace the file at once and durably, readable by its owner only."""
    draft = path.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
