"""`casekeep demo`: loads the synthetic clinic, serves it, and prints who can sign in.

Never for real patients: its passwords stand in the source.
"""

import asyncio
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from casekeep.bootstrap.house import open_house
from casekeep.cli import serving
from casekeep.cli.demo.clinic import PASSWORD
from casekeep.cli.demo.journal import DemoAccounts
from casekeep.cli.demo.loading import load_clinic
from casekeep.db.addresses import Addresses
from casekeep.pages.demo_clinic import DemoOrganization
from casekeep.settings import Settings

_out = Console()


def serve_demo(settings: Settings) -> int:
    """Load the synthetic clinic if it is not there, then serve until SIGTERM; the exit status.

    Raises InputNotValid when the data folder has real records, and what `serving.serve` raises.
    """
    loaded: list[DemoAccounts] = []

    def prepare(addresses: Addresses) -> None:
        loaded.append(asyncio.run(_load(settings, addresses)))

    return serving.serve(
        settings, prepare=prepare, on_ready=lambda url: show_accounts(_out, loaded[0], url)
    )


async def _load(settings: Settings, addresses: Addresses) -> DemoAccounts:
    columns = (
        TextColumn("Making a synthetic clinic"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", style="dim"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)
        async with open_house(settings, addresses) as house:
            return await load_clinic(
                house,
                Path(settings.data),
                progress=lambda done, total, label: bar.update(
                    task, completed=done, total=total, description=label, visible=True
                ),
            )


def show_accounts(out: Console, accounts: DemoAccounts, url: str) -> None:
    """Print who can sign in to the clinic, and how. `url`: where it is served."""
    url = escape(url)
    out.print(f"Casekeep is ready on {url}", highlight=False, soft_wrap=True)
    out.print(f"Look at [bold]{url}/[/bold] for first calls; Ctrl-C stops.", soft_wrap=True)
    out.print(
        f"Every call, to read: {url}/docs/clinician and {url}/docs/portal\n",
        highlight=False,
        soft_wrap=True,
    )
    out.print(
        f"Clinicians and administrators sign in with the password [bold]{PASSWORD}[/bold], "
        f"patients with\na code that arrives in {url}/demo/mailbox",
        highlight=False,
        soft_wrap=True,
    )
    for organization in accounts.organizations:
        out.print(f"\n[bold]{escape(organization.name)}[/bold]", soft_wrap=True)
        out.print(f"API key     {organization.api_key}", highlight=False, soft_wrap=True)
        first = f"{organization.case_number}, {organization.case_id}"
        out.print(f"First case  {first}", highlight=False, soft_wrap=True)
        out.print(_people(organization))


def _people(organization: DemoOrganization) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("who", "name", "email", "phone"):
        table.add_column(title, overflow="fold")
    for person in organization.clinicians:
        table.add_row("clinician", escape(person.name), person.email, "")
    for person in organization.administrators:
        table.add_row("administrator", escape(person.name), person.email, "")
    for person in organization.patients:
        table.add_row("patient", escape(person.name), person.email, person.phone or "")
    return table
