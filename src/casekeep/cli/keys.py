"""API keys from a shell on the server. A key's secret is shown once, here."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.cli.options import DataOption, JsonOption, OrgOption, within
from casekeep.cli.printing import print_json, print_table, shown_time
from casekeep.db.database import Database
from casekeep.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from casekeep.identity.model import ApiKey
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import ApiKeyId, OrganizationId

keys = typer.Typer(help="API keys, by which partners' software names its organisation.")


@keys.command("create")
def create_key(
    org: OrgOption,
    label: Annotated[str, typer.Option(help="What the key is for, to tell it from others.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key. It is shown once and never again: only its hash is kept.

    Example: `casekeep key create --org ID --label 'lab system'`
    """

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> tuple[ApiKey, str]:
        return await create_api_key(db, audit, org, label)

    key, secret = within(data, org, act)
    if as_json:
        print_json({"api_key_id": key.id, "api_key": secret})
        return
    typer.echo(f"API key  {secret}   (keep it now: it is not shown again)")
    typer.echo(f"Its id   {key.id}   (to revoke it)")


@keys.command("list")
def list_keys(org: OrgOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the keys of an organisation: their labels and when they were last used.

    Example: `casekeep key list --org ID`
    """

    async def act(db: Database, _: AuditLog, org: OrganizationId) -> tuple[ApiKey, ...]:
        return await list_api_keys(db, org)

    found = within(data, org, act)
    if as_json:
        print_json({"api_keys": [_encoded(key) for key in found]})
        return
    rows = [
        (str(k.id), k.label, *map(shown_time, (k.created_at, k.last_used_at, k.revoked_at)))
        for k in found
    ]
    print_table(("id", "label", "created", "last used", "revoked"), rows)


def _encoded(key: ApiKey) -> dict[str, object]:
    return {
        "api_key_id": key.id,
        "label": key.label,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


@keys.command("revoke")
def revoke_key(
    org: OrgOption,
    key_id: Annotated[UUID, typer.Argument(help="The key's id, from `casekeep key list`.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key useless at once, in every running server. Safe to repeat.

    Example: `casekeep key revoke --org ID KEY_ID`
    """

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> datetime | None:
        known = {key.id: key for key in await list_api_keys(db, org)}
        key = known.get(ApiKeyId(key_id))
        if key is None:
            raise InputNotValid("no API key has this id; 'casekeep key list' shows them")
        if key.revoked_at is None:
            await revoke_api_key(db, audit, org, key.id)
        return key.revoked_at

    before = within(data, org, act)
    if as_json:
        print_json({"api_key_id": key_id, "revoked": True})
    elif before:
        typer.echo(f"{key_id} was revoked already, on {shown_time(before)}")
    else:
        typer.echo(f"Revoked {key_id}")
