"""Trusted OpenID Connect issuers, from a shell on the server."""

from typing import Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.cli.options import DataOption, JsonOption, OrgOption, within
from casekeep.cli.printing import print_json, print_table, shown_time, tell
from casekeep.db.database import Database
from casekeep.identity.issuers import drop_issuer, list_issuers, trust_issuer
from casekeep.identity.key_sets import KeysNotFetched, check_keys
from casekeep.identity.model import TrustedIssuer
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import IssuerId, OrganizationId

issuers = typer.Typer(
    help="OpenID Connect issuers, whose access tokens clinicians' software may sign in with."
)


IssuerOption = Annotated[
    str, typer.Option(help="The issuer's URL, to the letter as its tokens say it in `iss`.")
]
AudienceOption = Annotated[
    str, typer.Option(help="What its tokens for Casekeep say in `aud`; no other is accepted.")
]
JwksUrlOption = Annotated[
    str | None, typer.Option(help="Where its keys are. Else its discovery document says so.")
]
AllowHttpOption = Annotated[
    bool,
    typer.Option("--allow-http", help="Fetch its keys also over plain http: on this machine only."),
]
AssumeVerifiedEmailOption = Annotated[
    bool,
    typer.Option(
        "--assume-verified-email",
        help="Take an address as verified when a token does not say whether it is.",
    ),
]


@issuers.command("add")
def add_issuer(
    org: OrgOption,
    issuer: IssuerOption,
    audience: AudienceOption,
    jwks_url: JwksUrlOption = None,
    allow_http: AllowHttpOption = False,
    assume_verified_email: AssumeVerifiedEmailOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept an issuer's access tokens for an organisation.

    A token signs in the clinician or administrator whose account has its verified `email`. That is
    asked once: from then on the token's `sub` is that account, whatever its address becomes.

    Example: `casekeep issuer add --org ID --issuer https://login.example.org --audience casekeep`
    """

    async def act(
        db: Database, audit: AuditLog, org: OrganizationId
    ) -> tuple[TrustedIssuer, str | None]:
        added = await trust_issuer(
            db,
            audit,
            org,
            issuer=issuer,
            audience=audience,
            jwks_url=jwks_url,
            allows_http=allow_http,
            assumes_verified_email=assume_verified_email,
        )
        try:
            await check_keys(added)
        except KeysNotFetched as error:
            return added, str(error)
        return added, None

    added, problem = within(data, org, act)
    if problem:
        tell(f"Added, but its keys could not be fetched just now: {problem}")
    if as_json:
        print_json({"issuer_id": added.id, "keys_fetched": problem is None})
    else:
        typer.echo(f"Its id   {added.id}   (to remove it)")


@issuers.command("list")
def show_issuers(org: OrgOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the issuers that an organisation trusts, or trusted once.

    Example: `casekeep issuer list --org ID`
    """

    async def act(db: Database, _: AuditLog, org: OrganizationId) -> tuple[TrustedIssuer, ...]:
        return await list_issuers(db, org)

    found = within(data, org, act)
    if as_json:
        print_json({"issuers": [_encoded(each) for each in found]})
        return
    rows = [
        (str(i.id), i.issuer, i.audience, shown_time(i.created_at), shown_time(i.removed_at))
        for i in found
    ]
    print_table(("id", "issuer", "audience", "added", "removed"), rows)


def _encoded(issuer: TrustedIssuer) -> dict[str, object]:
    return {
        "issuer_id": issuer.id,
        "issuer": issuer.issuer,
        "audience": issuer.audience,
        "jwks_url": issuer.jwks_url,
        "allows_http": issuer.allows_http,
        "assumes_verified_email": issuer.assumes_verified_email,
        "created_at": issuer.created_at,
        "removed_at": issuer.removed_at,
    }


@issuers.command("remove")
def remove_issuer(
    org: OrgOption,
    issuer_id: Annotated[
        UUID, typer.Argument(help="The issuer's id, from `casekeep issuer list`.")
    ],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse an issuer's tokens at once, in every running server. Safe to repeat.

    Whom its tokens stood for is forgotten with it: added again, it begins anew.

    Example: `casekeep issuer remove --org ID ISSUER_ID`
    """

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> TrustedIssuer:
        known = {each.id: each for each in await list_issuers(db, org)}
        found = known.get(IssuerId(issuer_id))
        if found is None:
            raise InputNotValid("no issuer has this id; 'casekeep issuer list' shows them")
        if found.removed_at is None:
            await drop_issuer(db, audit, org, found.id)
        return found

    before = within(data, org, act).removed_at
    if as_json:
        print_json({"issuer_id": issuer_id, "removed": True})
    elif before:
        typer.echo(f"{issuer_id} was removed already, on {shown_time(before)}")
    else:
        typer.echo(f"Removed {issuer_id}")
