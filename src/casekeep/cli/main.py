"""The `casekeep` command: where its parts are, and the one place that turns a refusal into a
message on stderr and an exit status (1: refused, 2: wrong usage).
"""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from casekeep.backups.model import BackupNotPossible
from casekeep.blobs.depots import DepotUnavailable
from casekeep.blobs.store import StoreNotUsable, StoreUnavailable
from casekeep.cli.listening import PortNotFree
from casekeep.cli.on_demand import OnDemand
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


class _Commands(OnDemand):
    """Every command and group of the program."""

    places = {  # noqa: RUF012 - its type stands in `OnDemand`
        "serve": "casekeep.cli.server:serve",
        "worker": "casekeep.cli.server:worker",
        "demo": "casekeep.cli.server:demo",
        "migrate": "casekeep.cli.upkeep:migrate",
        "verify": "casekeep.cli.verifying:verify",
        "import": "casekeep.cli.importing:import_",
        "export": "casekeep.cli.exporting:export",
        "restore": "casekeep.cli.backups:restore",
        "purge": "casekeep.cli.purging:purge",
        "backup": "casekeep.cli.backups:backups",
        "org": "casekeep.cli.accounts:organizations",
        "user": "casekeep.cli.accounts:users",
        "key": "casekeep.cli.keys:keys",
        "keys": "casekeep.cli.sealing_keys:sealing_keys",
        "case": "casekeep.cli.cases:cases",
        "form": "casekeep.cli.forms:forms",
        "issuer": "casekeep.cli.issuers:issuers",
        "webhook": "casekeep.cli.webhooks:webhooks",
        "blobs": "casekeep.cli.blobs:blobs",
        "hold": "casekeep.cli.holds:holds",
        "retention": "casekeep.cli.retention:retention",
        "certificate": "casekeep.cli.retention:certificates",
        "config": "casekeep.cli.upkeep:config",
    }


app = typer.Typer(
    name="casekeep",
    cls=_Commands,
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


def main() -> None:
    """Run the command line."""
    try:
        app()
    except _REFUSALS as refusal:
        told = f"{refusal}{_NEXT.get(type(refusal), '')}"
        tell_refusal(told)
        sys.exit(1)
