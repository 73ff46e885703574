"""Keeps the list of OpenID Connect issuers that an organisation trusts."""

import re
from urllib.parse import urlsplit

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.identity import queries_issuers
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Operator, TrustedIssuer
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import AlreadyTaken, InputNotValid
from casekeep.kernel.ids import IssuerId, OrganizationId, new_id

_LONGEST_URL = 500
_LONGEST_AUDIENCE = 200
_VISIBLE = re.compile(r"[!\"$-~]+")  # what ASCII shows, but for the sign of a fragment


async def trust_issuer(
    db: Database,
    audit: AuditLog,
    organization_id: OrganizationId,
    *,
    issuer: str,
    audience: str,
    jwks_url: str | None = None,
    allows_http: bool = False,
    assumes_verified_email: bool = False,
    by: Actor | None = None,
    clock: Clock = utc_now,
) -> TrustedIssuer:
    """Accept the access tokens that `issuer` makes for `audience`. Both are taken to the letter.

    Raises InputNotValid, and AlreadyTaken when the pair is trusted already, here or elsewhere: a
    token would not say whose it is.
    """
    _check_url(issuer, "issuer", allows_http=allows_http)
    if jwks_url is not None:
        _check_url(jwks_url, "jwks-url", allows_http=allows_http)
    if not 1 <= len(audience) <= _LONGEST_AUDIENCE or not audience.isprintable():
        raise InputNotValid(f"audience must have 1 to {_LONGEST_AUDIENCE} printable characters")
    trusted = TrustedIssuer(
        IssuerId(new_id()),
        organization_id,
        issuer,
        audience,
        jwks_url,
        allows_http,
        assumes_verified_email,
        clock(),
        None,
    )
    async with db.transaction(organization_id) as tx:
        if not await queries_issuers.insert_issuer(tx, trusted):
            raise AlreadyTaken("This issuer is trusted for this audience already")
        event = Event(Action.ISSUER_TRUSTED, subject_id=trusted.id)
        await audit.record(tx, who(by or Operator(organization_id)), event)
    return trusted


async def list_issuers(db: Database, organization_id: OrganizationId) -> tuple[TrustedIssuer, ...]:
    """Every issuer of the organisation, also the removed ones, oldest first."""
    async with db.transaction(organization_id) as tx:
        return await queries_issuers.issuers(tx)


async def drop_issuer(
    db: Database,
    audit: AuditLog,
    organization_id: OrganizationId,
    issuer_id: IssuerId,
    *,
    by: Actor | None = None,
    clock: Clock = utc_now,
) -> None:
    """Trust an issuer no more; every process refuses its tokens at once.

    Raises InputNotValid when none is trusted by this id.
    """
    async with db.transaction(organization_id) as tx:
        if not await queries_issuers.remove_issuer(tx, issuer_id, clock()):
            raise InputNotValid("issuer is not known")
        event = Event(Action.ISSUER_DROPPED, subject_id=issuer_id)
        await audit.record(tx, who(by or Operator(organization_id)), event)


def _check_url(url: str, field: str, *, allows_http: bool) -> None:
    """Raises InputNotValid unless `url` is an address that keys may be fetched from."""
    schemes = ("https", "http") if allows_http else ("https",)
    if len(url) > _LONGEST_URL or not _is_address(url, schemes):
        kinds = " or ".join(f"{scheme}://" for scheme in schemes)
        raise InputNotValid(
            f"{field} must be an address that begins with {kinds}, of at most {_LONGEST_URL} "
            "characters, without a user or a fragment"
        )


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        is_host = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    return is_host and parts.scheme in schemes and bool(_VISIBLE.fullmatch(url))
