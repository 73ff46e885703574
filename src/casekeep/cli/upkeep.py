"""Commands that keep the house: migrations, and a look at the settings in force."""

import typer
from rich.table import Table

from casekeep.bootstrap.database import running_database
from casekeep.cli.options import DataOption, JsonOption, out, print_json
from casekeep.settings import PREFIX, described, load_settings, shown_settings

config = typer.Typer(help="The settings in force.")


def migrate(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Bring the database to this version's schema.

    Safe to repeat and to run beside a server. `serve` and `demo` do this by themselves.
    """
    settings = load_settings({"data": data})
    with running_database(settings, keep=False) as database:
        applied = list(database.migrated)
    if as_json:
        print_json({"applied": applied})
    elif applied:
        out.print(f"Applied {', '.join(applied)}.", highlight=False)
    else:
        out.print("The database is up to date.")


@config.command("show")
def show(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show every setting, its value here and what it is for. Passwords are masked."""
    values = shown_settings(load_settings({"data": data}))
    if as_json:
        print_json(values)
        return
    table = Table("setting", "value", "what it is for")
    for name, _, meta in described():
        table.add_row(PREFIX + name.upper(), str(values[name]), meta.description)
    out.print(table)
