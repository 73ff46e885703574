"""Troubles of a disk that any user can make, on any machine, and undo: nothing needs to be mounted.

The kernel itself refuses, at the calls that a full or a read-only disk refuses, in the middle of a
file if need be; only the number of the error is another one (EFBIG for ENOSPC, EACCES for EROFS).
Where the tests may mount, a small file system of its own really is full.
"""

import contextlib
import ctypes
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.running import Server

SMALL = 96 * 1024
"""Bytes that a file may have while a limit is on: what a test sends is more."""
DISK = 24 << 20
_FSIZE = resource.RLIMIT_FSIZE
_CAPBSET_DROP, _DAC_OVERRIDE = 24, 1  # of prctl(2) and capabilities(7)
_library = ctypes.CDLL(None, use_errno=True)


def heed_modes() -> None:
    """In a new process: be bound by the modes of folders, which bind anybody but root."""
    if os.geteuid() == 0 and _library.prctl(_CAPBSET_DROP, _DAC_OVERRIDE, 0, 0, 0):
        os._exit(1)


def write_little() -> None:
    """In a new process: write no file larger than SMALL."""
    heed_modes()
    resource.setrlimit(_FSIZE, (SMALL, resource.getrlimit(_FSIZE)[1]))


@dataclass(frozen=True)
class Trouble:
    """`making`: the trouble, until its block ends, for a server and whatever is in `folder`;
    `first`: what the process of a command does first, to be in the same trouble.
    """

    making: Callable[[Server, Path], contextlib.AbstractContextManager[None]]
    first: Callable[[], None] = heed_modes


@contextlib.contextmanager
def _limited(server: Server, folder: Path) -> Iterator[None]:
    """No process of the server can write more than a little into a file."""
    before = {pid: resource.prlimit(pid, _FSIZE) for pid in server.processes()}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, _FSIZE, (SMALL, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, _FSIZE, limits)


@contextlib.contextmanager
def _read_only(server: Server, folder: Path) -> Iterator[None]:
    """No name in any folder can be made or removed."""
    folders = [folder, *(each for each in folder.rglob("*") if each.is_dir())]
    before = {each: each.stat().st_mode for each in folders}
    for each in folders:
        each.chmod(0o555)
    try:
        yield
    finally:
        for each, mode in before.items():
            each.chmod(mode)


@contextlib.contextmanager
def _full(server: Server, folder: Path) -> Iterator[None]:
    """There is a little room left, and no more."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    os.truncate(ballast, ballast.stat().st_size - SMALL)
    try:
        yield
    finally:
        ballast.unlink()


TROUBLES = {"no room in a file": Trouble(_limited, write_little), "read-only": Trouble(_read_only)}
OF_A_SMALL_DISK = {"a full disk": Trouble(_full)}


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of its own at `folder`, until the block ends; whether the tests may mount."""
    folder.mkdir()
    words = ("mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "casekeep-tests", str(folder))
    may = (
        os.geteuid() == 0 and not subprocess.run(words, check=False, capture_output=True).returncode
    )
    try:
        yield may
    finally:
        if may:
            subprocess.run(("umount", "--lazy", str(folder)), check=True)
