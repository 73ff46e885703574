"""Organisations and people's accounts from a shell on the server. The secret of an organisation's
first API key is shown once, here.
"""

import sys
from getpass import getpass
from typing import Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.cli.options import DataOption, JsonOption, OrgOption, with_records, within
from casekeep.cli.printing import print_json, print_table, shown_time
from casekeep.db.database import Database
from casekeep.identity.accounts import create_user, disable_user, find_user, list_users
from casekeep.identity.api_keys import create_api_key
from casekeep.identity.model import Organization, Role, User
from casekeep.identity.organizations import all_organizations, create_organization
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import OrganizationId, UserId

organizations = typer.Typer(help="Organisations: each one's data is walled off from the others'.")
users = typer.Typer(help="People's accounts in an organisation.")


@organizations.command("create")
def create(
    name: Annotated[str, typer.Argument(help="The clinic's name, such as 'Lakeside Clinic'.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an organisation and its first API key.

    The key is shown once and never again: only its hash is kept.

    Example: `casekeep org create 'Lakeside Clinic'`
    """

    async def act(db: Database, audit: AuditLog) -> tuple[Organization, str]:
        made = await create_organization(db, audit, name)
        _, secret = await create_api_key(db, audit, made.id, "first key")
        return made, secret

    made, secret = with_records(data, act, may_be_new=True)
    if as_json:
        print_json({"organization_id": made.id, "api_key": secret})
        return
    typer.echo(f"Organisation  {made.id}  {made.name}")
    typer.echo(f"API key       {secret}   (keep it now: it is not shown again)")
    typer.echo(
        f"Next: casekeep user create --org {made.id} --role clinician --email … --password-stdin"
    )


@organizations.command("list")
def list_organizations(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show every organisation and its id.

    Example: `casekeep org list`
    """

    async def act(db: Database, _: AuditLog) -> tuple[Organization, ...]:
        return await all_organizations(db)

    found = with_records(data, act)
    if as_json:
        shown = [
            {"organization_id": each.id, "name": each.name, "created_at": each.created_at}
            for each in found
        ]
        print_json({"organizations": shown})
        return
    rows = [(str(each.id), each.name, shown_time(each.created_at)) for each in found]
    print_table(("id", "name", "created"), rows)


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
        typer.Option(
            "--password-stdin",
            help="Read the password, of at least 8 characters, from the first line of stdin; "
            "on a terminal it is asked for and not shown.",
        ),
    ] = False,
    no_password: Annotated[
        bool,
        typer.Option("--no-password", help="For a clinician who signs in at an issuer only."),
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account.

    Clinicians and administrators sign in with a password, or at an issuer that the organisation
    trusts (`casekeep issuer add`); patients with a code that is sent to their email address or
    phone, so they need no password.

    Example: `casekeep user create --org ID --role patient --email me@a.example`
    """
    _demand_way_in(role, with_password=password_stdin, without=no_password)
    password = _read_password() if password_stdin else None

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> User:
        return await create_user(
            db,
            audit,
            organization_id=org,
            role=role,
            email=email,
            phone=phone,
            first_name=first_name,
            last_name=last_name,
            password=password,
        )

    made = within(data, org, act)
    if as_json:
        print_json({"user_id": made.id})
    else:
        typer.echo(f"User  {made.id}  ({made.role})")


def _demand_way_in(role: Role, *, with_password: bool, without: bool) -> None:
    if with_password and without:
        raise InputNotValid("give --password-stdin or --no-password, not both")
    if role is not Role.PATIENT and not with_password and not without:
        raise InputNotValid(
            f"a {role} signs in with a password: add --password-stdin; "
            "or at an issuer only: add --no-password"
        )


def _read_password() -> str:
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass("Password: ", stream=sys.stderr)
        if password and getpass("Again: ", stream=sys.stderr) != password:
            raise InputNotValid("the two passwords differ")
    if not password:
        raise InputNotValid("the password on stdin was empty")
    return password


@users.command("list")
def list_accounts(org: OrgOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show everybody's account in an organisation.

    Example: `casekeep user list --org ID`
    """

    async def act(db: Database, _: AuditLog, org: OrganizationId) -> tuple[User, ...]:
        return await list_users(db, org)

    found = within(data, org, act)
    if as_json:
        print_json({"users": [_encoded(user) for user in found]})
        return
    rows = [
        (
            str(user.id),
            str(user.role),
            " ".join(filter(None, (user.first_name, user.last_name))) or "-",
            user.email or "-",
            user.phone or "-",
        )
        for user in found
    ]
    print_table(("id", "role", "name", "email", "phone"), rows)


def _encoded(user: User) -> dict[str, object]:
    return {
        "user_id": user.id,
        "role": user.role,
        "email": user.email,
        "phone": user.phone,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "created_at": user.created_at,
    }


@users.command("disable")
def disable_account(
    org: OrgOption,
    user_id: Annotated[UUID, typer.Argument(help="The user's id, from `casekeep user list`.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close an account: who is signed in with it is signed out at once, and nobody can sign in.

    Example: `casekeep user disable --org ID USER_ID`
    """

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> None:
        if await find_user(db, org, UserId(user_id)) is None:
            raise InputNotValid("no user has this id; 'casekeep user list' shows them")
        try:
            await disable_user(db, audit, org, UserId(user_id))
        except InputNotValid:
            raise InputNotValid("this account was disabled already") from None

    within(data, org, act)
    if as_json:
        print_json({"user_id": user_id, "disabled": True})
    else:
        typer.echo(f"Disabled {user_id}")
