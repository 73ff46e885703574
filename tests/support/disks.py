"""A disk that is not there, as when it was never mounted or went away under a running server."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def disk_away(root: Path, *, leaves_folder: bool = True) -> Generator[None]:
    """For as long as the context lasts, what was in `root` is not there. `leaves_folder`: `root` is
    what the disk was mounted on, and an empty folder stays; else it was a folder of the disk's.
    """
    away = root.with_name(f"{root.name} away")
    root.rename(away)
    if leaves_folder:
        root.mkdir()
    try:
        yield
    finally:
        if leaves_folder:
            root.rmdir()
        away.rename(root)
