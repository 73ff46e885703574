"""How commands print. Nothing is cut, wrapped or read as markup: ids and keys are copied from here,
and what people typed comes back as they typed it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import typer
from rich.cells import cell_len


def print_json(value: Any) -> None:  # noqa: ANN401 - anything that encodes
    """One line of JSON on stdout."""
    typer.echo(msgspec.json.encode(value).decode())


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns on stdout, each as wide as its longest cell."""
    lines = [titles, *rows]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(titles))]
    for line in lines:
        cells = (cell + " " * (w - cell_len(cell)) for cell, w in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def shown_time(time: datetime | None) -> str:
    """To the minute, in UTC; a dash for never."""
    return time.strftime("%Y-%m-%d %H:%M") if time else "-"


def shown_bytes(count: float) -> str:
    """A number of bytes for people, in powers of 1024."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004 - as the docstring says
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def tell(text: str) -> None:
    """One line for people, on stderr."""
    typer.echo(text, err=True)


def tell_refusal(text: str) -> None:
    """Why something was not done, on stderr."""
    tell(f"{typer.style('casekeep:', fg='red')} {text}")
