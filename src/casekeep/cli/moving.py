"""How far the moving of bytes has come, for whoever watches a terminal. It names no file: a screen
is seen, and remembered, by others.
"""

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Bar:
    """Bytes of how many, and what is said beside them."""

    def __init__(self, shown: Progress, task: TaskID) -> None:
        self._shown = shown
        self._task = task

    def advance(self, count: int) -> None:
        """`count` more bytes are done."""
        self._shown.advance(self._task, count)

    def reach(self, done: int, said: str) -> None:
        """`done` bytes are done in all; `said` is shown from now on."""
        self._shown.update(self._task, completed=done, said=said)


@contextmanager
def moving(what: str, total: int) -> Generator[Bar, None, None]:
    """A bar for `total` bytes on stderr, if that is a terminal; else nothing is shown."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Bar(bar, bar.add_task(what, total=total, said=""))
