"""`casekeep keys`: the keys that files are sealed under. It shows ids and fingerprints only."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.blobs.queries import KeyUse, deployment_key_ids
from casekeep.bootstrap.sealing import (
    add_deployment_key,
    demand_all,
    key_place,
    open_deployment_keys,
)
from casekeep.cli.options import DataOption, JsonOption, with_records, within
from casekeep.cli.printing import print_json, print_table, shown_time
from casekeep.cli.progress import Bar, shown_progress
from casekeep.db.database import Database
from casekeep.files import rotating
from casekeep.files.rotating import Rotated, rewrap_organization_keys, rotate_organization_key
from casekeep.kernel.ids import OrganizationId
from casekeep.settings import Settings, load_settings

sealing_keys = typer.Typer(
    help="Keys that files are sealed under at rest. (For partners' API keys: `casekeep key`.)"
)

OptionalOrg = Annotated[
    UUID | None,
    typer.Option(
        "--organization",
        "--org",
        help="An organisation's id: its keys instead of the deployment's.",
    ),
]


@sealing_keys.command("show")
def show_keys(
    organization: OptionalOrg = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Show the deployment's keys by their fingerprints, and how many organisations' keys each
    wraps; or the keys of one organisation, and how many files each opens.

    A key that wraps nothing any more opens backups from before it was replaced, and only those.

    Example: `casekeep keys show --organization ID`
    """
    if organization is None:
        _show_deployment(load_settings({"data": data}), data, as_json=as_json)
    else:
        _show_organization(organization, data, as_json=as_json)


@sealing_keys.command("rotate")
def rotate_keys(
    organization: OptionalOrg = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Make a new deployment key and wrap every organisation's keys by it; or, with --organization,
    a new key of one organisation, and wrap its files' data keys by that.

    No file is read or written. Safe beside running servers; ended half-way, run it again and it
    goes on. Where the deployment's key comes from CASEKEEP_SEALING_KEY or a command, put the new
    one first yourself, and the old one behind it.

    Example: `casekeep keys rotate --data /srv/casekeep`
    """
    settings = load_settings({"data": data})
    with shown_progress(quiet=as_json) as bar:
        bar.begin("Wrapping keys", 0, 0)
        if organization is None:
            rotated, what = _rotate_deployment(settings, data, bar), "organisations' keys"
        else:
            rotated = _rotate_organization(settings, data, organization, bar)
            what = "files' data keys"
    if as_json:
        print_json(asdict(rotated))
        return
    which = "a new key" if rotated.is_new else "the current key"
    typer.echo(f"Wrapped {rotated.rewrapped} {what} by {which}")
    if not rotated.is_new:
        typer.echo("Some were left to an older key, so none was made; for a new one run this again")
    if rotated.destroyed:
        typer.echo(
            f"Destroyed {rotated.destroyed} keys that were retired and open nothing any more"
        )
    if rotated.is_new and organization is None:
        typer.echo("Older keys stay where they are: backups from before today need them")


def _show_deployment(settings: Settings, data: str | None, *, as_json: bool) -> None:
    async def act(db: Database, _: AuditLog) -> list[tuple[str, bool, bool, int]]:
        keys, in_use = await open_deployment_keys(settings, db), await deployment_key_ids(db)
        here = [each.id for each in keys.all]
        gone = [each for each in in_use if each not in here]
        return [
            (each, each == keys.current.id, each in here, in_use.get(each, 0))
            for each in [*here, *gone]
        ]

    found = with_records(data, act)
    if as_json:
        names = ("key_id", "is_current", "is_at_hand", "wraps")
        rows = [dict(zip(names, each, strict=True)) for each in found]
        print_json({"place": key_place(settings), "keys": rows})
        return
    states = {(True, True): "current", (False, True): "older", (False, False): "MISSING"}
    print_table(
        ("key", "state", "wraps"),
        [(each, states[current, here], str(wraps)) for each, current, here, wraps in found],
    )
    typer.echo(f"Kept in {key_place(settings)}")


def _show_organization(organization: UUID, data: str | None, *, as_json: bool) -> None:
    async def act(db: Database, _: AuditLog, org: OrganizationId) -> list[KeyUse]:
        return await rotating.show_keys(db, org)

    found = within(data, organization, act)
    if as_json:
        print_json({"keys": [_encoded(each) for each in found]})
        return
    rows = [
        (
            str(k.id),
            k.deployment_key_id,
            *map(shown_time, (k.created_at, k.retired_at)),
            f"{k.seals}",
        )
        for k in found
    ]
    print_table(("id", "wrapped by", "created", "retired", "files"), rows)


def _encoded(key: KeyUse) -> dict[str, object]:
    return {
        "key_id": key.id,
        "deployment_key_id": key.deployment_key_id,
        "created_at": key.created_at,
        "retired_at": key.retired_at,
        "files": key.seals,
    }


def _rotate_deployment(settings: Settings, data: str | None, bar: Bar) -> Rotated:
    async def act(db: Database, audit: AuditLog) -> Rotated:
        keys, in_use = await open_deployment_keys(settings, db), await deployment_key_ids(db)
        demand_all(settings, keys, in_use)
        is_new = not in_use.keys() - {keys.current.id}
        if is_new:
            add_deployment_key(settings)
            keys.load_again()
        return Rotated(is_new, await rewrap_organization_keys(db, audit, keys, _told_to(bar)))

    return with_records(data, act)


def _rotate_organization(
    settings: Settings, data: str | None, organization: UUID, bar: Bar
) -> Rotated:
    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> Rotated:
        keys = await open_deployment_keys(settings, db)
        demand_all(settings, keys, await deployment_key_ids(db))
        return await rotate_organization_key(db, audit, keys, org, progress=_told_to(bar))

    return within(data, organization, act)


def _told_to(bar: Bar) -> rotating.Progress:
    return lambda done, total: bar.reach(done, 0, of=total)
