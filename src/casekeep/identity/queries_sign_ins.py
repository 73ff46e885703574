"""SQL of sign-ins (families of refresh tokens): every change is one conditional statement."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from casekeep.db.database import Tx
from casekeep.identity.model import Audience, User
from casekeep.identity.queries import USER_COLUMNS, user_of
from casekeep.kernel.ids import SignInId, UserId, new_id

REVOKED = "casekeep_revoked"
"""The channel that tells every process the id of an ended sign-in or a revoked key."""


@dataclass(frozen=True, slots=True)
class LiveSignIn:
    """A sign-in that holds, its user, and when it ends at the latest."""

    id: SignInId
    user: User
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What is known of a refresh token that could not be rotated, or is to be signed out."""

    sign_in_id: SignInId
    user_id: UserId
    audience: Audience
    rotated: bool


async def insert_sign_in(
    tx: Tx, user_id: UserId, audience: Audience, now: datetime, expires_at: datetime
) -> SignInId:
    """A new sign-in; the same user's expired ones go."""
    await _forget_expired(tx, user_id, now)
    sign_in_id = SignInId(new_id())
    await tx.execute(
        """insert into sign_ins (organization_id, id, user_id, audience, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6)""",
        tx.organization_id,
        sign_in_id,
        user_id,
        audience.value,
        now,
        expires_at,
    )
    return sign_in_id


async def _forget_expired(tx: Tx, user_id: UserId, now: datetime) -> None:
    await tx.execute(
        """delete from refresh_tokens where organization_id = $1 and sign_in_id in (
               select id from sign_ins
               where organization_id = $1 and user_id = $2 and expires_at < $3)""",
        tx.organization_id,
        user_id,
        now,
    )
    await tx.execute(
        "delete from sign_ins where organization_id = $1 and user_id = $2 and expires_at < $3",
        tx.organization_id,
        user_id,
        now,
    )


async def insert_refresh_token(
    tx: Tx, sign_in_id: SignInId, token_hash: bytes, now: datetime, expires_at: datetime
) -> None:
    """A new refresh token of a sign-in."""
    await tx.execute(
        """insert into refresh_tokens (organization_id, id, sign_in_id, token_hash, created_at,
                                       expires_at)
           values ($1, $2, $3, $4, $5, $6)""",
        tx.organization_id,
        new_id(),
        sign_in_id,
        token_hash,
        now,
        expires_at,
    )


async def rotate(tx: Tx, token_hash: bytes, audience: Audience, now: datetime) -> LiveSignIn | None:
    """Use up a refresh token, if it is the live one of a sign-in that holds: of any number of
    parallel calls one gets the sign-in, the rest get None.
    """
    row = await tx.fetch_row(
        f"""update refresh_tokens r set rotated_at = $4
            from sign_ins s join users u on u.organization_id = $1 and u.id = s.user_id
            where r.organization_id = $1 and r.token_hash = $2
              and r.rotated_at is null and r.expires_at > $4
              and s.organization_id = $1 and s.id = r.sign_in_id and s.audience = $3
              and s.ended_at is null and s.expires_at > $4 and u.disabled_at is null
            returning {USER_COLUMNS}, s.id as sign_in_id, s.expires_at as sign_in_expires_at""",  # noqa: S608 - constant columns
        tx.organization_id,
        token_hash,
        audience.value,
        now,
    )
    if row is None:
        return None
    return LiveSignIn(SignInId(row["sign_in_id"]), user_of(row), row["sign_in_expires_at"])


async def token_facts(tx: Tx, token_hash: bytes) -> TokenFacts | None:
    """What is known of a refresh token, whatever its state."""
    row = await tx.fetch_row(
        """select s.id, s.user_id, s.audience, r.rotated_at is not null as rotated
           from refresh_tokens r
           join sign_ins s on s.organization_id = $1 and s.id = r.sign_in_id
           where r.organization_id = $1 and r.token_hash = $2""",
        tx.organization_id,
        token_hash,
    )
    if row is None:
        return None
    return TokenFacts(
        SignInId(row["id"]), UserId(row["user_id"]), Audience(row["audience"]), row["rotated"]
    )


async def live_sign_in(
    tx: Tx, sign_in_id: SignInId, user_id: UserId, audience: Audience, now: datetime
) -> User | None:
    """The user of a sign-in, while it holds and the account is open."""
    row = await tx.fetch_row(
        f"""select {USER_COLUMNS} from sign_ins s
            join users u on u.organization_id = $1 and u.id = s.user_id
            where s.organization_id = $1 and s.id = $2 and s.user_id = $3 and s.audience = $4
              and s.ended_at is null and s.expires_at > $5 and u.disabled_at is null""",  # noqa: S608 - constant columns
        tx.organization_id,
        sign_in_id,
        user_id,
        audience.value,
        now,
    )
    return user_of(row) if row else None


async def exists(tx: Tx, sign_in_id: SignInId) -> bool:
    """Whether there is such a sign-in, whatever its state."""
    return await tx.fetch_value(
        "select exists (select 1 from sign_ins where organization_id = $1 and id = $2)",
        tx.organization_id,
        sign_in_id,
    )


async def end(tx: Tx, sign_in_id: SignInId, because: str, now: datetime) -> UserId | None:
    """End a sign-in and tell every process, once this commits; whose it was, if it was open."""
    user_id = await tx.fetch_value(
        """update sign_ins set ended_at = $3, ended_because = $4
           where organization_id = $1 and id = $2 and ended_at is null returning user_id""",
        tx.organization_id,
        sign_in_id,
        now,
        because,
    )
    if user_id is None:
        return None
    await tell_revoked(tx, sign_in_id)
    return UserId(user_id)


async def end_all(
    tx: Tx, user_id: UserId, because: str, now: datetime, *, but: SignInId | None = None
) -> tuple[SignInId, ...]:
    """End every sign-in of a user, `but` one if given, and tell every process; which they were."""
    rows = await tx.fetch(
        """update sign_ins set ended_at = $3, ended_because = $4
           where organization_id = $1 and user_id = $2 and ended_at is null
             and id is distinct from $5
           returning id""",
        tx.organization_id,
        user_id,
        now,
        because,
        but,
    )
    for row in rows:
        await tell_revoked(tx, row["id"])
    return tuple(SignInId(row["id"]) for row in rows)


async def tell_revoked(tx: Tx, revoked: UUID) -> None:
    """Tell every process, when the transaction commits, that this id is worth nothing now."""
    await tx.execute("select pg_notify($1, $2)", REVOKED, str(revoked))
