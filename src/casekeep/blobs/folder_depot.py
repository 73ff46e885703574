"""A depot in a folder: another disk, or a network's. What arrives lies in `.arriving` until it is
whole and durable, and only then gets its own name.
"""

import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from casekeep.blobs.depots import DepotMissing, DepotUnavailable, Lying
from casekeep.blobs.store import CHUNK
from casekeep.blobs.threads import Threads
from casekeep.kernel.durability import sync_folder
from casekeep.kernel.locks import held_alone

_ARRIVING = ".arriving"
_LOCK = ".lock"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderDepot:
    """A Depot in the folder `root`, which is made when it is first written to."""

    def __init__(self, root: Path, *, threads: int = 8) -> None:
        self._root = root
        self._threads = Threads(threads)
        self._durable: set[Path] = set()

    @contextmanager
    def hold(self) -> Generator[None]:
        """Keep other writers out, and clear away what a killed one left behind."""
        with _told(), ExitStack() as closing:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not closing.enter_context(held_alone(self._root / _LOCK)):
                raise DepotUnavailable(
                    f"another backup is being written or thinned in {self._root}; "
                    "try again when that has ended"
                )
            _remove_tree(self._root / _ARRIVING)
            release = closing.pop_all()
        with release:
            yield

    async def put(self, path: str, pieces: AsyncIterable[bytes]) -> None:
        """Keep `pieces` under `path`, whole and durable, or nothing."""
        arriving = self._root / _ARRIVING / uuid4().hex
        with _told():
            file = await self._threads.run(self._open_new, arriving)
        try:
            async for piece in pieces:
                with _told():
                    await self._threads.run(_write, file, piece)
            with _told():
                await self._threads.run(self._settle, file, arriving, self._root / path)
        except BaseException:
            with suppress(OSError):  # the next writer clears it away; the first error is told
                arriving.unlink()
            raise
        finally:
            os.close(file)

    async def read(self, path: str) -> AsyncGenerator[bytes, None]:
        """What is kept, in pieces of at most CHUNK. Raises DepotMissing."""
        with _told():
            try:
                file = await self._threads.run((self._root / path).open, "rb", 0)
            except FileNotFoundError:
                raise DepotMissing from None
        with file:
            while True:
                with _told():
                    piece = await self._threads.run(file.read, CHUNK)
                if not piece:
                    return
                yield piece

    async def lying(self, folder: str) -> AsyncGenerator[Lying, None]:
        """All that lies in `folder` and below it, in the order of the paths."""
        walk = _walk(self._root / folder, self._root)
        while batch := await self._threads.run(_some_of, walk):
            for lying in batch:
                yield lying

    async def names(self, folder: str) -> tuple[str, ...]:
        """The names of the folders directly in `folder`, sorted."""
        with _told():
            return await self._threads.run(_folders_in, self._root / folder)

    async def delete(self, path: str) -> None:
        """Remove what is kept under `path`, and its folder if nothing else lies there."""
        with _told():
            await self._threads.run(self._remove, self._root / path)

    async def clear(self, folder: str) -> None:
        """Remove all that lies in `folder` and below it."""
        with _told():
            await self._threads.run(_remove_tree, self._root / folder)

    def _open_new(self, path: Path) -> int:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, _NEW, 0o600)

    def _settle(self, file: int, arriving: Path, path: Path) -> None:
        os.fsync(file)
        self._make(path.parent)
        try:
            arriving.rename(path)
        except FileNotFoundError:  # its folder was removed, empty, since we made it
            self._durable.clear()
            self._make(path.parent)
            arriving.rename(path)
        sync_folder(path.parent)

    def _make(self, folder: Path) -> None:
        """Make `folder` and what is above it, durably; what this process made it makes once."""
        if folder in self._durable or folder == self._root.parent:
            return
        self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
        self._durable.add(folder)

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        folder = path.parent
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:  # something else lies there, or it is gone
                return
            self._durable.discard(folder)
            folder = folder.parent


def _write(file: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(file, rest) :]


def _walk(folder: Path, root: Path) -> Iterator[Lying]:
    """In the order of the paths, as long as no name of a folder begins with another's."""
    with _told(), suppress(FileNotFoundError, NotADirectoryError):
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder / entry.name, root)
            else:
                path = (folder / entry.name).relative_to(root).as_posix()
                yield Lying(path, entry.stat(follow_symlinks=False).st_size)


def _some_of(walk: Iterator[Lying]) -> list[Lying]:
    return [lying for lying, _ in zip(walk, range(1000), strict=False)]


def _folders_in(folder: Path) -> tuple[str, ...]:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        return tuple(sorted(each.name for each in entries if each.is_dir() and each.name[0] != "."))
    return ()


def _remove_tree(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


@contextmanager
def _told() -> Generator[None]:
    """Say what the disk said in the depot's words."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise DepotUnavailable(f"the backup's folder says: {error.strerror}{where}") from None
