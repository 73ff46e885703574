"""The `casekeep` command: its groups, and the one place that turns a refusal into a message on
stderr and an exit status (1: refused, 2: wrong usage).
"""

import sys

import typer
from rich.console import Console

from casekeep.cli import accounts, server, upkeep
from casekeep.cli.listening import PortNotFree
from casekeep.db.errors import DatabaseNotUsable
from casekeep.kernel.errors import DomainError
from casekeep.settings import SettingsNotValid

_REFUSALS = (DomainError, SettingsNotValid, DatabaseNotUsable, PortNotFree)

app = typer.Typer(
    name="casekeep",
    help="The file room of a clinic. Start with [bold]casekeep demo[/bold] to look around, or "
    "[bold]casekeep serve[/bold] for real use.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("serve")(server.serve)
app.command("demo")(server.demo)
app.command("migrate")(upkeep.migrate)
app.add_typer(accounts.organizations, name="org")
app.add_typer(accounts.users, name="user")
app.add_typer(accounts.keys, name="key")
app.add_typer(upkeep.config, name="config")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except _REFUSALS as refusal:
        Console(stderr=True).print(f"[red]casekeep:[/red] {refusal}", highlight=False)
        sys.exit(1)
