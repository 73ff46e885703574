"""Destroys what is due in the trash, from a shell on the server, which does so by itself too."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.backups.layout import name_of
from casekeep.cli.holds import CaseOption, FileOption, read_case
from casekeep.cli.options import DataOption, JsonOption, with_records
from casekeep.cli.printing import print_json, shown_bytes
from casekeep.cli.progress import shown_progress
from casekeep.db.database import Database
from casekeep.db.organizations import organization_ids
from casekeep.identity.model import Operator
from casekeep.kernel.clock import utc_now
from casekeep.kernel.errors import CaseNotVisible, FileNotVisible, InputNotValid
from casekeep.kernel.ids import FileId, OrganizationId
from casekeep.settings import load_settings

if TYPE_CHECKING:
    from casekeep.retention.model import Due, Purged
    from casekeep.retention.purging import Purging

_NOT_THERE = "there is none of this id in the trash; only what was removed can be purged"


def purge(
    org: Annotated[
        UUID | None, typer.Option("--org", help="Only this organisation; all if not given.")
    ] = None,
    case: CaseOption = None,
    file: FileOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be destroyed.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy for good what was in the trash long enough: keys, bytes, names. Each file leaves a
    signed certificate. What is under a hold or kept longer by a schedule stays.

    With --case or --file: that one thing now, whose time in the trash is not waited for. Safe to
    repeat, to cut off, and to run beside a server.

    Example: `casekeep purge --dry-run`
    """
    from casekeep.bootstrap.purging import purging_for  # noqa: PLC0415 - heavy

    if (case is not None or file is not None) and (org is None or dry_run):
        raise InputNotValid("--case and --file take --org, and no --dry-run")
    settings = load_settings({"data": data})

    async def act(db: Database, audit: AuditLog) -> "Due | Purged":
        parts = purging_for(settings, db, audit)
        if case is not None or file is not None:
            return await _purge_one(parts, Operator(OrganizationId(org or UUID(int=0))), case, file)
        found = await _organizations(parts, org)
        return await (_count(parts, found) if dry_run else _purge(parts, found, quiet=as_json))

    _print(with_records(data, act), as_json=as_json)


async def _organizations(parts: "Purging", org: UUID | None) -> Sequence[OrganizationId]:
    found = await organization_ids(parts.db)
    if org is None:
        return found
    if org not in found:
        raise InputNotValid("no organisation has this id; 'casekeep org list' shows them")
    return [OrganizationId(org)]


async def _count(parts: "Purging", organizations: Sequence[OrganizationId]) -> "Due":
    from casekeep.retention.model import Due  # noqa: PLC0415 - heavy, and needed here only
    from casekeep.retention.purging import what_is_due  # noqa: PLC0415 - the same

    return sum([await what_is_due(parts, each) for each in organizations], Due())


async def _purge(
    parts: "Purging", organizations: Sequence[OrganizationId], *, quiet: bool
) -> "Purged":
    from casekeep.retention.expiring import remove_expired  # noqa: PLC0415 - heavy
    from casekeep.retention.model import Due, Purged  # noqa: PLC0415 - the same
    from casekeep.retention.purging import purge as purge_due  # noqa: PLC0415 - the same

    due, finished, left = Due(), 0, 0
    total = (await _count(parts, organizations)).files
    with shown_progress(quiet=quiet) as bar:
        bar.begin("Destroying", total, 0)
        for each in organizations:
            removed = await remove_expired(parts.db, parts.audit, each, clock=parts.clock)
            done = await purge_due(parts, each, lambda files: bar.advance(files, 0))
            due += done.due + Due(removed=removed)
            finished, left = finished + done.finished, left + done.left
    return Purged(due, finished, left)


async def _purge_one(
    parts: "Purging", actor: Operator, case: str | None, file: UUID | None
) -> "Purged":
    from casekeep.retention import commanding  # noqa: PLC0415 - heavy, and needed here only

    if case is not None and file is not None:
        raise InputNotValid("give either --case or --file")
    try:
        if file is not None:
            return await commanding.purge_file(parts, actor, FileId(file))
        return await commanding.purge_case(parts, actor, read_case(str(case)))
    except (CaseNotVisible, FileNotVisible):
        raise InputNotValid(_NOT_THERE) from None


def _backups_until(done: "Purged") -> str | None:
    """The name that the last backup has at most which can hold what was destroyed, with its keys;
    None if nothing was.
    """
    if not (done.due.cases or done.due.files or done.finished):
        return None
    return name_of(utc_now())  # all of it is committed by now


def _print(done: "Due | Purged", *, as_json: bool) -> None:
    from casekeep.retention.model import Due  # noqa: PLC0415 - heavy, and needed here only

    if isinstance(done, Due):
        if as_json:
            print_json(done)
            return
        size = shown_bytes(done.size)
        typer.echo(
            f"Would be destroyed: {done.cases} cases, {done.files} files, {size}; "
            f"would go to the trash by their schedule: {done.removed} files."
        )
        return
    until = _backups_until(done)
    if as_json:
        print_json({**asdict(done), "backups_until": until})
        return
    typer.echo(
        f"Destroyed: {done.due.cases} cases, {done.finished} files; to the trash by their "
        f"schedule: {done.due.removed} files."
    )
    if until is not None:
        typer.echo(
            f"Backups up to {until}, and any that a clock which ran ahead has dated later, may "
            "still hold it, with its keys: whoever has one of them and the deployment's key can "
            "read it until that backup is pruned. 'casekeep backup list' shows which."
        )
    if done.left:
        typer.echo(
            f"{done.left} files are not gone yet: their store did not let go of them. The next "
            "purge tries again.",
            err=True,
        )
        raise typer.Exit(1)
