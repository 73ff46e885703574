"""Commands that keep the house: migrations, and a look at the settings in force."""

import logging
import sys

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from casekeep.bootstrap.database import running_database
from casekeep.cli.notices import tell_unknown_variables
from casekeep.cli.options import DataOption, JsonOption
from casekeep.cli.printing import print_json, print_table
from casekeep.http.logs import configure_logging
from casekeep.settings import PREFIX, described, load_settings, shown_settings

config = typer.Typer(help="The settings in force.")


def migrate(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Bring the database to this version's schema.

    Safe to repeat and to run beside a server. `serve` and `demo` do this by themselves.

    Example: `casekeep migrate --data /srv/casekeep`
    """
    configure_logging(level=logging.WARNING)
    settings = load_settings({"data": data})
    with running_database(settings, keep=False) as database:
        applied = list(database.migrated)
    if as_json:
        print_json({"applied": applied})
    elif applied:
        typer.echo(f"Applied {', '.join(applied)}.")
    else:
        typer.echo("The database is up to date.")


@config.command("show")
def show(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show every setting, its value here and what it is for. Passwords are masked.

    Example: `casekeep config show --data /srv/casekeep`
    """
    values = shown_settings(load_settings({"data": data}))
    tell_unknown_variables()
    if as_json:
        print_json(values)
        return
    titles = ("setting", "value", "what it is for")
    rows = [
        (PREFIX + name.upper(), str(values[name]), meta.description or "")
        for name, _, meta in described()
    ]
    if not sys.stdout.isatty():
        print_table(titles, rows)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)
