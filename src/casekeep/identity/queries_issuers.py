"""SQL of trusted issuers, and of whom their subjects stand for."""

from dataclasses import dataclass
from datetime import datetime

from casekeep.db.database import Database, Row, Tx
from casekeep.identity.model import TrustedIssuer, User
from casekeep.identity.queries import USER_COLUMNS, user_of
from casekeep.identity.queries_sign_ins import tell_revoked
from casekeep.kernel.ids import IssuerId, OrganizationId, UserId

_COLUMNS = """id, organization_id, issuer, audience, jwks_url, allows_http,
    assumes_verified_email, created_at, removed_at"""


@dataclass(frozen=True, slots=True)
class Bound:
    """The account that a subject is bound to, and whether it may sign in."""

    user: User
    is_open: bool


def _issuer_of(row: Row) -> TrustedIssuer:
    return TrustedIssuer(
        IssuerId(row["id"]),
        OrganizationId(row["organization_id"]),
        row["issuer"],
        row["audience"],
        row["jwks_url"],
        row["allows_http"],
        row["assumes_verified_email"],
        row["created_at"],
        row["removed_at"],
    )


async def insert_issuer(tx: Tx, issuer: TrustedIssuer) -> bool:
    """A new trusted issuer; False when its pair of issuer and audience is somebody's already."""
    inserted = await tx.fetch_value(
        """insert into trusted_issuers (organization_id, id, issuer, audience, jwks_url,
                                        allows_http, assumes_verified_email, created_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8) returning id""",
        tx.organization_id,
        issuer.id,
        issuer.issuer,
        issuer.audience,
        issuer.jwks_url,
        issuer.allows_http,
        issuer.assumes_verified_email,
        issuer.created_at,
    )
    return inserted is not None


async def issuers(tx: Tx) -> tuple[TrustedIssuer, ...]:
    """Every issuer that the organisation trusts or trusted, oldest first."""
    rows = await tx.fetch(
        f"""select {_COLUMNS} from trusted_issuers where organization_id = $1
            order by created_at, id""",  # noqa: S608 - constant columns
        tx.organization_id,
    )
    return tuple(_issuer_of(row) for row in rows)


async def remove_issuer(tx: Tx, issuer_id: IssuerId, now: datetime) -> bool:
    """Trust an issuer no more and tell every process, once this commits; False when none is."""
    changed = await tx.execute(
        """update trusted_issuers set removed_at = $3
           where organization_id = $1 and id = $2 and removed_at is null""",
        tx.organization_id,
        issuer_id,
        now,
    )
    if changed:
        await tell_revoked(tx, issuer_id)
    return changed == 1


async def issuers_named(
    db: Database, issuer: str, audiences: list[str]
) -> list[tuple[OrganizationId, IssuerId]]:
    """Who trusts this issuer for any of these audiences, by id alone."""
    rows = await db.fetch_unscoped(
        "select organization_id, issuer_id from find_trusted_issuers($1, $2)", issuer, audiences
    )
    return [(OrganizationId(row["organization_id"]), IssuerId(row["issuer_id"])) for row in rows]


async def trusted_issuer(tx: Tx, issuer_id: IssuerId) -> TrustedIssuer | None:
    """An issuer, while it is trusted."""
    row = await tx.fetch_row(
        f"""select {_COLUMNS} from trusted_issuers
            where organization_id = $1 and id = $2 and removed_at is null""",  # noqa: S608 - constant columns
        tx.organization_id,
        issuer_id,
    )
    return _issuer_of(row) if row else None


async def bound_account(tx: Tx, issuer_id: IssuerId, subject: str) -> Bound | None:
    """The account that a subject is bound to."""
    row = await tx.fetch_row(
        f"""select {USER_COLUMNS},
                   u.disabled_at is null and u.role in ('clinician', 'admin') as is_open
            from external_subjects s
            join users u on u.organization_id = $1 and u.id = s.user_id
            where s.organization_id = $1 and s.issuer_id = $2 and s.subject = $3""",  # noqa: S608 - constant columns
        tx.organization_id,
        issuer_id,
        subject,
    )
    return Bound(user_of(row), row["is_open"]) if row else None


async def open_account(tx: Tx, email: str) -> User | None:
    """The open account of a clinician or an administrator with this email address."""
    row = await tx.fetch_row(
        f"""select {USER_COLUMNS} from users u
            where u.organization_id = $1 and u.email = $2 and u.disabled_at is null
              and u.role in ('clinician', 'admin')""",  # noqa: S608 - constant columns
        tx.organization_id,
        email,
    )
    return user_of(row) if row else None


async def bind_subject(
    tx: Tx, issuer_id: IssuerId, subject: str, user_id: UserId, now: datetime
) -> bool:
    """Bind a subject to an account; False when either has another counterpart already."""
    bound = await tx.fetch_value(
        """insert into external_subjects (organization_id, issuer_id, subject, user_id, bound_at)
           values ($1, $2, $3, $4, $5) on conflict do nothing returning subject""",
        tx.organization_id,
        issuer_id,
        subject,
        user_id,
        now,
    )
    return bound is not None
