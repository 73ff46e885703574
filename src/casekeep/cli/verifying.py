"""The command that checks every stored file against what is on record. Exit status 0: all is well;
1: something is damaged; 2: it could not be checked.
"""

import asyncio
import logging
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from casekeep.blobs.store import StoreUnavailable
from casekeep.bootstrap.checking import Checking, open_checking
from casekeep.bootstrap.database import running_database
from casekeep.cli.options import DataOption, JsonOption, has_records
from casekeep.cli.printing import print_json, print_table, shown_bytes, tell
from casekeep.cli.progress import shown_progress
from casekeep.db.addresses import Addresses
from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.organizations import organization_ids
from casekeep.files.verifying.model import Damage, Report
from casekeep.files.verifying.verifying import count_stored, verify_store
from casekeep.http.logs import configure_logging
from casekeep.kernel.errors import DomainError, InputNotValid
from casekeep.kernel.ids import OrganizationId
from casekeep.settings import Settings, SettingsNotValid, load_settings

_DAMAGED, _NOT_CHECKED = 1, 2
_CANNOT = (DomainError, SettingsNotValid, DatabaseNotUsable, StoreUnavailable, OSError)
_NEXT = {
    Damage.MISSING: "the bytes are gone: bring them back from a replica or a backup",
    Damage.TRUNCATED: "the end is gone: look at the disk, then repair from a replica or a backup",
    Damage.ALTERED: "other bytes than were received: repair from a replica or a backup",
    Damage.UNREADABLE: "the disk or the store does not give them: look there first, check again",
    Damage.ORPHANED: "bytes of no file: --repair removes them once they are a day old",
}
_REPAIRED = "repaired"


def verify(
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte and compare its digest.")
    ] = False,
    org: Annotated[
        UUID | None, typer.Option("--org", help="Only this organisation. Without it: all.")
    ] = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Replace what is damaged from CASEKEEP_REPLICA, and remove bytes of no file.",
        ),
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the stored files against what is on record, and the record against what is stored.

    Runs beside a server. The exit status is 0 when all is well, 1 when something is damaged, and 2
    when it could not be checked.

    Examples: `casekeep verify`, or `casekeep verify --deep --repair`
    """
    try:
        report, has_replica = _verified(data, org, deep=deep, repair=repair, quiet=as_json)
    except _CANNOT as error:
        told = "the store cannot be read" if isinstance(error, StoreUnavailable) else str(error)
        tell(f"{typer.style('casekeep:', fg='red')} {told}; nothing was found out")
        raise typer.Exit(_NOT_CHECKED) from None
    if as_json:
        print_json(_encoded(report, deep=deep))
    else:
        _show(report, deep=deep, without_replica=repair and not has_replica)
    if not report.is_clean:
        raise typer.Exit(_DAMAGED)


def _verified(
    data: str | None, org: UUID | None, *, deep: bool, repair: bool, quiet: bool
) -> tuple[Report, bool]:
    configure_logging(level=logging.ERROR)
    settings = load_settings({"data": data})
    if not has_records(settings):
        folder = Path(settings.data).absolute()
        raise InputNotValid(f"no clinic in {folder}; give --data or set CASEKEEP_DATA")
    with running_database(settings, keep=False) as database:
        work = _run(settings, database.addresses, org, deep=deep, repair=repair, quiet=quiet)
        return asyncio.run(work), bool(settings.replica)


async def _run(
    settings: Settings,
    addresses: Addresses,
    org: UUID | None,
    *,
    deep: bool,
    repair: bool,
    quiet: bool,
) -> Report:
    async with open_checking(settings, addresses) as checking:
        chosen = await _chosen(checking, org)
        totals = await count_stored(checking.checked, chosen)
        with shown_progress(quiet=quiet) as bar:
            bar.begin("Checking", totals.files, totals.bytes if deep else 0)
            return await verify_store(
                checking.checked,
                chosen,
                deep=deep,
                everywhere=org is None,
                repairing=checking.repairing if repair else None,
                watching=lambda found: bar.reach(found.files, found.bytes),
            )


async def _chosen(checking: Checking, org: UUID | None) -> list[OrganizationId]:
    known = await organization_ids(checking.checked.db)
    if org is None:
        return known
    if org not in known:
        raise InputNotValid("no organisation has this id; 'casekeep org list' shows them")
    return [OrganizationId(org)]


def _show(report: Report, *, deep: bool, without_replica: bool) -> None:
    looked = f"{report.files} files" + (f", {shown_bytes(report.bytes)} read" if deep else "")
    if report.found:
        rows = [
            (
                str(each.organization_id),
                str(each.file_id),
                each.damage.value,
                _REPAIRED if each.repaired else _NEXT[each.damage],
            )
            for each in report.found
        ]
        print_table(("organization", "file", "what", "what next"), rows)
    left = sum(report.damaged.values()) + report.repaired - len(report.found)
    if left:
        typer.echo(f"and {left} more; --json and /admin/findings have them all counted")
    if without_replica:
        tell("No CASEKEEP_REPLICA is set, so damaged files could not be repaired.")
    if report.is_clean:
        typer.echo(f"All is well: {looked}, {report.repaired} repaired.")
    else:
        counts = ", ".join(
            f"{count} {kind.value}" for kind, count in report.damaged.items() if count
        )
        typer.echo(f"Damaged: {counts}; {looked}, {report.repaired} repaired.")


def _encoded(report: Report, *, deep: bool) -> dict[str, object]:
    return {
        "deep": deep,
        "files": report.files,
        "bytes_read": report.bytes,
        "repaired": report.repaired,
        "damaged": {kind.value: count for kind, count in report.damaged.items()},
        "findings": [
            {
                "organization_id": each.organization_id,
                "file_id": each.file_id,
                "kind": each.damage.value,
                "repaired": each.repaired,
            }
            for each in report.found
        ],
    }
