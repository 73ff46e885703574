"""Writes the reference that comes from the code: settings, command line, contracts, client.

With --check it changes nothing and fails when a page is out of date.
"""

import sys
from pathlib import Path
from typing import Any

import client_reference
import typer.main
from typer.core import TyperGroup

from casekeep.cli.main import app
from casekeep.clinician_api import app as clinician_api
from casekeep.http.openapi import as_json
from casekeep.portal_api import app as portal_api
from casekeep.settings import PREFIX, described

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def configuration() -> str:
    """Every setting as a table row."""
    rows = [
        "# Configuration",
        "",
        "A setting comes from the command line, else from its variable, else from the TOML file"
        " `CASEKEEP_CONFIG` (or `casekeep.toml` in the data folder, keys in lower case without the"
        " prefix), else from its default. `casekeep config show` prints what is in force.",
        "",
        "| variable | default | what it is for |",
        "|---|---|---|",
    ]
    for name, default, meta in described():
        value = str(default).lower() if isinstance(default, bool) else str(default)
        shown = f"`{value}`" if value else ""
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {meta.description} |")
    return "\n".join(rows) + "\n"


def command_line() -> str:
    """Every command's own help."""
    parts = ["# Command line", "", "What `--help` says, command by command."]
    parts += _pages(typer.main.get_command(app), "casekeep", None)
    for expected in ("## casekeep serve", "## casekeep key revoke"):
        if expected not in parts:
            sys.exit(f"the reference of the command line lacks {expected}")
    return "\n".join(parts) + "\n"


def _pages(command: Any, name: str, parent: Any) -> list[str]:  # noqa: ANN401 - typer's own click
    context = command.context_class(command, info_name=name.rpartition(" ")[2], parent=parent)
    lines = ["", f"## {name}", "", *_help(command)]
    options = [
        (", ".join(p.opts), getattr(p, "help", "") or "")
        for p in command.get_params(context)
        if p.param_type_name == "option" and "--help" not in p.opts
    ]
    arguments = [
        (p.name.upper(), getattr(p, "help", "") or "")
        for p in command.get_params(context)
        if p.param_type_name == "argument"
    ]
    rows = arguments + options
    if rows:
        lines += ["", "| takes | |", "|---|---|"]
        lines += [f"| `{what}` | {_plain(text)} |" for what, text in rows]
    if isinstance(command, TyperGroup):
        for each in command.list_commands(context):
            child = command.get_command(context, each)
            if child is not None:
                lines += _pages(child, f"{name} {each}", context)
    return lines


def _help(command: Any) -> list[str]:  # noqa: ANN401 - as above
    return [_plain(line) for line in (command.help or "").strip().splitlines()]


def _plain(text: str) -> str:
    return text.replace("[bold]", "`").replace("[/bold]", "`").replace("|", "\\|").strip()


def main() -> None:
    """Write the pages, or compare them."""
    stale = []
    written = {
        "configuration.md": configuration(),
        "command-line.md": command_line(),
        "python-client.md": client_reference.page(),
        "clinician-api.openapi.json": as_json(clinician_api.openapi()).decode(),
        "portal-api.openapi.json": as_json(portal_api.openapi()).decode(),
    }
    for name, text in written.items():
        path = REFERENCE / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            path.write_text(text)
    if stale:
        sys.exit(f"out of date: {', '.join(stale)}; run `make reference`")


if __name__ == "__main__":
    main()
