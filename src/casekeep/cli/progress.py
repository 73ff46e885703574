"""How far a command has come, for whoever waits at a terminal: how much of how much, how fast, how
long still. Elsewhere nothing is shown. It names no file: a screen is seen, and remembered, by
others.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from casekeep.cli.printing import shown_bytes


class Bar:
    """Shows one stage after the other. A stage whose bytes are known goes by those, another by its
    things.
    """

    def __init__(self, *, is_shown: bool) -> None:
        self._shown = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not is_shown,
        )
        self._task: TaskID | None = None
        self._count = self._size = 0
        self._counted = self._sized = 0
        self._began = 0.0

    def begin(self, what: str, count: int, size: int) -> None:
        """A stage begins: `count` things of `size` bytes together, 0 where that is not known."""
        self.end()
        self._count, self._size = count, size
        self._began = monotonic()
        self._task = self._shown.add_task(what, total=None, said="")
        self.reach(0, 0)
        self._shown.start()

    def advance(self, count: int, size: int) -> None:
        """So many things and bytes more are done."""
        self.reach(self._counted + count, self._sized + size)

    def reach(self, count: int, size: int, *, of: int = 0) -> None:
        """So many things and bytes are done in all. `of`: how many things there are, if that was
        not known when the stage began.
        """
        self._counted, self._sized = count, size
        self._count = of or self._count
        if self._task is not None:
            done = size if self._size else count
            total = self._size or self._count or None
            self._shown.update(self._task, completed=done, total=total, said=self._said())

    def end(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._shown.stop()
            self._shown.remove_task(self._task)
            self._task = None

    def _said(self) -> str:
        said: list[str] = []
        if self._count or self._counted:
            said.append(f"{self._counted:,}" + (f" of {self._count:,}" if self._count else ""))
        if self._size or self._sized:
            of_all = f" of {shown_bytes(self._size)}" if self._size else ""
            rate = shown_bytes(self._sized / max(monotonic() - self._began, 1.0))
            said.append(f"{shown_bytes(self._sized)}{of_all}, {rate}/s")
        return "; ".join(said)


@contextmanager
def shown_progress(*, quiet: bool) -> Generator[Bar]:
    """A bar on stderr, if that is a terminal and nobody wants quiet."""
    bar = Bar(is_shown=not quiet and sys.stderr.isatty())
    try:
        yield bar
    finally:
        bar.end()
