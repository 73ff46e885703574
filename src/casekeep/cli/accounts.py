"""Organisations, users and API keys from a shell on the server. Secrets are shown once, here."""

import sys
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from casekeep.audit.log import AuditLog
from casekeep.cli.options import (
    DataOption,
    JsonOption,
    OrgOption,
    organization,
    out,
    print_json,
    with_records,
)
from casekeep.db.database import Database
from casekeep.identity.accounts import create_user
from casekeep.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from casekeep.identity.model import ApiKey, Organization, Role, User
from casekeep.identity.organizations import create_organization
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import ApiKeyId, OrganizationId

organizations = typer.Typer(help="Organisations: each one's data is walled off from the others'.")
users = typer.Typer(help="People's accounts in an organisation.")
keys = typer.Typer(help="API keys, with which a partner's software speaks for an organisation.")


@organizations.command("create")
def create(
    name: Annotated[str, typer.Argument(help="The clinic's name, such as 'Lakeside Clinic'.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an organisation and its first API key.

    The key is shown once and never again: only its hash is kept.
    """

    async def act(db: Database, audit: AuditLog) -> tuple[Organization, str]:
        made = await create_organization(db, audit, name)
        _, secret = await create_api_key(db, audit, made.id, "first key")
        return made, secret

    made, secret = with_records(data, act)
    if as_json:
        print_json({"organization_id": made.id, "api_key": secret})
        return
    out.print(f"Organisation  {made.id}  {made.name}", highlight=False)
    out.print(f"API key       {secret}   (keep it now: it is not shown again)", highlight=False)
    out.print(f"Next: casekeep user create --org {made.id} --role clinician --email …")


@users.command("create")
def create_account(
    org: OrgOption,
    role: Annotated[Role, typer.Option(help="What the user is in the organisation.")],
    email: Annotated[str | None, typer.Option(help="Email address, to sign in with.")] = None,
    phone: Annotated[str | None, typer.Option(help="Phone number as +12025550143.")] = None,
    first_name: Annotated[str | None, typer.Option(help="Given name.")] = None,
    last_name: Annotated[str | None, typer.Option(help="Family name.")] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from the first line of stdin."),
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account.

    Clinicians and administrators sign in with a password; patients with a code that is sent to
    their email address or phone, so they need none.
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    if role is not Role.PATIENT and not password:
        raise InputNotValid(f"a {role} signs in with a password: add --password-stdin")

    async def act(db: Database, audit: AuditLog) -> User:
        return await create_user(
            db,
            audit,
            organization_id=organization(org),
            role=role,
            email=email,
            phone=phone,
            first_name=first_name,
            last_name=last_name,
            password=password,
        )

    made = with_records(data, act)
    if as_json:
        print_json({"user_id": made.id})
    else:
        out.print(f"User  {made.id}  ({made.role})", highlight=False)


@keys.command("create")
def create_key(
    org: OrgOption,
    label: Annotated[str, typer.Option(help="What the key is for, to tell it from others.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key. It is shown once and never again: only its hash is kept."""

    async def act(db: Database, audit: AuditLog) -> tuple[ApiKey, str]:
        return await create_api_key(db, audit, organization(org), label)

    key, secret = with_records(data, act)
    if as_json:
        print_json({"api_key_id": key.id, "api_key": secret})
        return
    out.print(f"API key  {secret}   (keep it now: it is not shown again)", highlight=False)
    out.print(f"Its id   {key.id}   (to revoke it)", highlight=False)


@keys.command("list")
def list_keys(org: OrgOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the keys of an organisation: their labels and when they were last used."""

    async def act(db: Database, _: AuditLog) -> list[ApiKey]:
        return list(await list_api_keys(db, organization(org)))

    found = with_records(data, act)
    if as_json:
        print_json({"api_keys": found})
        return
    table = Table("id", "label", "created", "last used", "revoked")
    for key in found:
        times = (key.created_at, key.last_used_at, key.revoked_at)
        table.add_row(str(key.id), key.label, *(_shown(each) for each in times))
    out.print(table)


@keys.command("revoke")
def revoke_key(
    org: OrgOption,
    key_id: Annotated[UUID, typer.Argument(help="The key's id, from `casekeep key list`.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key useless at once, in every running server."""

    async def act(db: Database, audit: AuditLog) -> None:
        await revoke_api_key(db, audit, OrganizationId(org), ApiKeyId(key_id))

    with_records(data, act)
    if as_json:
        print_json({"api_key_id": key_id, "revoked": True})
    else:
        out.print(f"Revoked {key_id}", highlight=False)


def _shown(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M") if time else "-"
