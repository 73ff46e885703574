"""The `casekeep` command: its groups, and the one place that turns a refusal into a message on
stderr and an exit status (1: refused, 2: wrong usage).
"""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from casekeep.backups.model import BackupNotPossible
from casekeep.blobs.depots import DepotUnavailable
from casekeep.blobs.store import StoreNotUsable, StoreUnavailable
from casekeep.cli import (
    accounts,
    backups,
    blobs,
    cases,
    exporting,
    forms,
    holds,
    importing,
    issuers,
    keys,
    purging,
    retention,
    sealing_keys,
    server,
    upkeep,
    verifying,
    webhooks,
)
from casekeep.cli.listening import PortNotFree
from casekeep.cli.printing import tell_refusal
from casekeep.db.alone import UnderWayElsewhere
from casekeep.db.errors import DatabaseNotUsable
from casekeep.kernel.errors import DeliveryNotKnown, DomainError, WebhookNotKnown
from casekeep.settings import SettingsNotValid

_REFUSALS = (
    DomainError,
    SettingsNotValid,
    DatabaseNotUsable,
    PortNotFree,
    BackupNotPossible,
    DepotUnavailable,
    StoreUnavailable,
    StoreNotUsable,
    UnderWayElsewhere,
)
_NEXT: dict[type[Exception], str] = {
    StoreUnavailable: "; the store of blobs does not answer as it should: run this again",
    WebhookNotKnown: "; 'casekeep webhook list' shows those that are there",
    DeliveryNotKnown: "; 'casekeep webhook deliveries' shows those that are there",
}
"""What to do about a fact whose own words are a contract's."""

app = typer.Typer(
    name="casekeep",
    no_args_is_help=True,
    rich_markup_mode=None,  # nothing that a person typed, and no [env: …], is ever markup
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"casekeep {version('casekeep')}")
        raise typer.Exit


@app.callback()
def casekeep(
    _: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """The file room of a clinic. Start with `casekeep demo` to look around, or `casekeep serve` for
    real use.
    """


app.command("serve")(server.serve)
app.command("worker")(server.worker)
app.command("demo")(server.demo)
app.command("migrate")(upkeep.migrate)
app.command("verify")(verifying.verify)
app.command("import")(importing.import_)
app.command("export")(exporting.export)
app.add_typer(backups.backups, name="backup")
app.command("restore")(backups.restore)
app.add_typer(accounts.organizations, name="org")
app.add_typer(accounts.users, name="user")
app.add_typer(keys.keys, name="key")
app.add_typer(sealing_keys.sealing_keys, name="keys")
app.add_typer(cases.cases, name="case")
app.add_typer(forms.forms, name="form")
app.add_typer(issuers.issuers, name="issuer")
app.add_typer(webhooks.webhooks, name="webhook")
app.add_typer(blobs.blobs, name="blobs")
app.add_typer(holds.holds, name="hold")
app.add_typer(retention.retention, name="retention")
app.add_typer(retention.certificates, name="certificate")
app.command("purge")(purging.purge)
app.add_typer(upkeep.config, name="config")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except _REFUSALS as refusal:
        told = f"{refusal}{_NEXT.get(type(refusal), '')}"
        tell_refusal(told)
        sys.exit(1)
