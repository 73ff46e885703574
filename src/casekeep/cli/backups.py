"""Backups from a shell on the server: taken, listed, checked, thinned out, restored. Exit status 3
says that something is damaged or missing; what it is stands on stdout.
"""

import asyncio
import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from casekeep.backups.manifests import Backup, find_backup
from casekeep.backups.overview import Shown, show_backups
from casekeep.backups.thinning import plan_from, thin
from casekeep.bootstrap.backing_up import Checked, back_up, check, open_depot
from casekeep.bootstrap.backing_up import restore as restore_into
from casekeep.cli.options import DataOption, JsonOption, has_records, with_records
from casekeep.cli.printing import print_json, print_table, shown_bytes, shown_time, tell
from casekeep.cli.progress import shown_progress
from casekeep.http.logs import configure_logging
from casekeep.kernel.errors import InputNotValid
from casekeep.settings import Settings, load_settings

_DAMAGED = 3
_TAKE = "take"
_SECRETS = (
    "A backup has no secrets: keep the data folder's `secrets` (or CASEKEEP_SECRET_KEY and the "
    "sealing key) somewhere else; without them its files cannot be opened."
)

PlaceArgument = Annotated[
    str,
    typer.Argument(
        metavar="PLACE",
        help="A folder, or a bucket: s3://bucket/folder, gs://… or az://…, whose credentials are "
        "taken from where its service's own tools look (AWS_ACCESS_KEY_ID, …).",
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option("--at", help="Which backup, as `casekeep backup list` names it; else the newest."),
]


class _TakesByDefault(TyperGroup):
    """A group whose first word is a command of it, or else the place of `take`; a bare word that is
    no folder is taken for a command mistyped, since a backup beside the shell is rarely meant.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer hides the type
        first = args[0] if args else ""
        is_place = "/" in first or (first[:1] == "-" and first not in ctx.help_option_names)
        if first not in self.commands and (is_place or (first and Path(first).is_dir())):
            args.insert(0, _TAKE)
        return super().parse_args(ctx, args)


backups = typer.Typer(
    cls=_TakesByDefault,
    no_args_is_help=True,
    help="Backups: `casekeep backup PLACE` takes one, while serving.",
)


@backups.command(_TAKE)
def take(place: PlaceArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Take a backup; `casekeep backup PLACE` is short for it.

    It holds the database as it is at one moment, and every file that it names; the server serves
    meanwhile. Files that earlier backups left there are not copied again. If it is cut off, run it
    again, and it goes on. How to keep backups: docs/howto/backup.md.

    Example: `casekeep backup /mnt/backups --data /srv/casekeep`
    """
    settings = _settings(data)
    _check_has_records(settings)
    with shown_progress(quiet=as_json) as bar:
        taken = back_up(settings, open_depot(place), bar)
    backup, tally = taken.backup, taken.tally
    if as_json:
        print_json(
            {
                "backup": backup.name,
                "manifest_sha256": backup.digest,
                "files": tally.count,
                "bytes": tally.bytes,
                "copied": tally.copied,
                "copied_bytes": tally.copied_bytes,
                "purged": tally.purged,
                "missing": tally.missing,
            }
        )
    else:
        typer.echo(
            f"Backup {backup.name}: {tally.count} files ({shown_bytes(tally.bytes)}), of which "
            f"{tally.copied} were copied now ({shown_bytes(tally.copied_bytes)})."
        )
        typer.echo(f"Its manifest's SHA-256: {backup.digest}")
        tell(_SECRETS)
    if tally.missing:
        tell(f"{tally.missing} files are missing in the house itself: 'casekeep verify' names them")
        raise typer.Exit(_DAMAGED)


@backups.command("list")
def list_all(place: PlaceArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the backups of a place, and how many files each holds that were destroyed since.

    Whoever has the deployment's key can open a destroyed file from such a backup until the backup
    is removed, too: see `casekeep backup prune`.

    Example: `casekeep backup list /mnt/backups --data /srv/casekeep`
    """
    settings = _settings(data)
    depot = open_depot(place)
    if has_records(settings):
        shown = with_records(data, lambda db, _: show_backups(depot, db))
    else:
        shown = asyncio.run(show_backups(depot, None))
    if as_json:
        print_json({"backups": [_encoded(each) for each in shown]})
        return
    if not shown:
        tell(f"There is no backup in {place}.")
        return
    rows = [
        (
            each.backup.name,
            str(each.backup.manifest.blobs.count),
            shown_bytes(each.backup.manifest.blobs.bytes),
            "?" if each.purged is None else str(each.purged),
            each.backup.manifest.casekeep,
        )
        for each in shown
    ]
    print_table(("backup", "files", "size", "destroyed since", "casekeep"), rows)


@backups.command("verify")
def verify(
    place: PlaceArgument,
    at: AtOption = None,
    scratch: Annotated[
        str | None,
        typer.Option(help="Where to restore to; as much room as the files need, for a while."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into a scratch folder, read all of it, and remove it again.

    Checks the digest of every part and every file, the rules of the database, and the chain of
    each organisation's audit; with the deployment's key, which --data leads to, also the content
    of every file. Exit status 3 if anything is damaged or missing.

    Example: `casekeep backup verify /mnt/backups --data /srv/casekeep --scratch /var/tmp`
    """
    settings = _settings(data)
    depot = open_depot(place)
    with shown_progress(quiet=as_json) as bar:
        backup = asyncio.run(find_backup(depot, at))
        checked = check(settings, depot, backup, Path(scratch) if scratch else None, bar)
    contents = checked.proof.files if checked.are_opened else None
    _report(backup, checked, {"contents": contents}, as_json=as_json)


@backups.command("prune")
def prune(
    place: PlaceArgument,
    keep: Annotated[
        str,
        typer.Option(
            help="What to keep: the newest backup of so many days, weeks, months, years that have "
            "one, such as 7d/4w/12m. The newest of all always stays."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Remove the backups that a plan does not keep, and the files that no other backup needs.

    Example: `casekeep backup prune /mnt/backups --keep 7d/4w/12m`
    """
    configure_logging(level=logging.WARNING)
    plan = plan_from(keep)
    with shown_progress(quiet=as_json) as bar:
        thinned = asyncio.run(thin(open_depot(place), plan, bar))
    if as_json:
        print_json(thinned)
        return
    for name in thinned.removed:
        typer.echo(f"Removed {name}.")
    typer.echo(
        f"{len(thinned.kept)} backups stay; {thinned.blobs} files "
        f"({shown_bytes(thinned.bytes)}) went with the others."
    )


def restore(
    place: PlaceArgument,
    at: AtOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into a new data folder, and into the database that is set, if one is.

    Both must be empty but for what you put into the folder before: the deployment's `secrets`, and
    casekeep.toml if there is one. If it is cut off, run it again, and it goes on. Exit status 3 if
    a file was damaged in the backup.

    Example: `casekeep restore /mnt/backups --data /srv/casekeep-new`
    """
    settings = _settings(data)
    depot = open_depot(place)
    with shown_progress(quiet=as_json) as bar:
        backup = asyncio.run(find_backup(depot, at))
        checked = restore_into(settings, depot, backup, bar)
    if not as_json and not settings.secret_key and not _has_deployment_secret(settings):
        tell(
            f"Now put the deployment's secrets into {Path(settings.data) / 'secrets'}: without "
            "them sign-ins end, webhooks cannot be signed, and sealed files cannot be opened."
        )
    _report(backup, checked, {}, as_json=as_json)


def _report(backup: Backup, checked: Checked, more: dict[str, Any], *, as_json: bool) -> None:
    restored, proof = checked.restored, checked.proof
    found: dict[str, Any] = {
        "backup": backup.name,
        "manifest_sha256": backup.digest,
        "ok": checked.is_whole,
        "rows": restored.rows,
        "files": restored.blobs,
        "bytes": restored.bytes,
        **more,
        "audit_events": proof.events,
        "damaged": [str(key.file_id) for key in restored.damaged],
        "altered": [str(key.file_id) for key in proof.altered],
        "missing": restored.missing,
        "purged": restored.purged,
        "broken_audits": [str(each) for each in proof.broken_audits],
    }
    if as_json:
        print_json(found)
    else:
        shown = {**found, "taken": shown_time(backup.manifest.taken_at)}
        shown["bytes"] = shown_bytes(restored.bytes)
        print_table(("what", "found"), [(name, _cell(value)) for name, value in shown.items()])
    if not checked.is_whole:
        raise typer.Exit(_DAMAGED)


def _cell(value: Any) -> str:  # noqa: ANN401 - what JSON takes
    match value:
        case bool():
            return "yes" if value else "NO"
        case None:
            return "not opened: the deployment's key is not at hand"
        case [*ids]:
            return ", ".join(map(str, ids)) or "-"
        case _:
            return str(value)


def _encoded(shown: Shown) -> dict[str, Any]:
    manifest = shown.backup.manifest
    return {
        "backup": shown.backup.name,
        "manifest_sha256": shown.backup.digest,
        "taken_at": manifest.taken_at,
        "files": manifest.blobs.count,
        "bytes": manifest.blobs.bytes,
        "missing": manifest.blobs.missing,
        "destroyed_since": shown.purged,
        "casekeep": manifest.casekeep,
    }


def _settings(data: str | None) -> Settings:
    configure_logging(level=logging.WARNING)
    return load_settings({"data": data})


def _check_has_records(settings: Settings) -> None:
    if not has_records(settings):
        folder = Path(settings.data).absolute()
        raise InputNotValid(f"no clinic in {folder}; give --data or set CASEKEEP_DATA")


def _has_deployment_secret(settings: Settings) -> bool:
    return (Path(settings.data) / "secrets" / "deployment").exists()
