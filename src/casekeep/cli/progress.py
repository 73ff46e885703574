"""A progress bar on a terminal, for people who wait: how far, how fast, how long still. Elsewhere
nothing is shown.
"""

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Bar:
    """Shows one stage after the other; a stage with bytes counts those, another its things."""

    def __init__(self, console: Console) -> None:
        self._by_bytes = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[done]:,} of {task.fields[count]:,}"),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._by_count = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
        )
        self._shown = self._by_count
        self._task: TaskID | None = None
        self._done = 0

    def begin(self, what: str, count: int, size: int) -> None:
        """A stage begins: `count` things of `size` bytes together, 0 where that is not known."""
        self.end()
        self._shown = self._by_bytes if size else self._by_count
        self._done = 0
        self._task = self._shown.add_task(what, total=size or count or None, done=0, count=count)
        self._shown.start()

    def advance(self, count: int, size: int) -> None:
        """So many things and bytes more are done."""
        if self._task is None:
            return
        self._done += count
        step = size if self._shown is self._by_bytes else count
        self._shown.update(self._task, advance=step, done=self._done)

    def end(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._shown.stop()
            self._shown.remove_task(self._task)
            self._task = None


@contextmanager
def shown_progress(*, quiet: bool) -> Generator[Bar]:
    """A bar on stderr, if that is a terminal and nobody wants quiet."""
    bar = Bar(Console(stderr=True, quiet=quiet or not Console(stderr=True).is_terminal))
    try:
        yield bar
    finally:
        bar.end()
