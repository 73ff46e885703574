"""SQL of one-time codes: claiming an attempt and using a code are one conditional update each."""

from dataclasses import astuple, dataclass
from datetime import datetime

from casekeep.db.database import Tx
from casekeep.identity.model import User
from casekeep.identity.queries import USER_COLUMNS, user_of
from casekeep.kernel.clock import SKEW
from casekeep.kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """The right to compare one guess with one code."""

    user: User
    code_hash: bytes


async def patient_reached_at(tx: Tx, email: str | None, phone: str | None) -> User | None:
    """The patient with an open account at this email address or phone number. Their row is held, so
    that it is still theirs when the code is kept that goes there.
    """
    row = await tx.fetch_row(
        f"""select {USER_COLUMNS} from users u
            where u.organization_id = $1 and (u.email = $2 or u.phone = $3)
              and u.role = 'patient' and u.disabled_at is null
            for key share""",  # noqa: S608 - constant columns
        tx.organization_id,
        email,
        phone,
    )
    return user_of(row) if row else None


@dataclass(frozen=True, slots=True)
class FreshCode:
    """A code as it is kept, how many guesses it bears, and whether it goes to the phone."""

    user_id: UserId
    code_hash: bytes
    attempts: int
    created_at: datetime
    expires_at: datetime
    by_phone: bool


async def replace_code(tx: Tx, code: FreshCode) -> None:
    """The user's one live code; what was there before is worth nothing now."""
    await tx.execute(
        """insert into one_time_codes (organization_id, user_id, code_hash, attempts_left,
                                       created_at, expires_at, by_phone)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (organization_id, user_id) do update
           set code_hash = excluded.code_hash, attempts_left = excluded.attempts_left,
               created_at = excluded.created_at, expires_at = excluded.expires_at,
               by_phone = excluded.by_phone, used_at = null""",
        tx.organization_id,
        *astuple(code),
    )


async def claim_attempt(
    tx: Tx, email: str | None, phone: str | None, now: datetime
) -> ClaimedAttempt | None:
    """Take one of the attempts of the live code of whoever is reached here, if there is one."""
    row = await tx.fetch_row(
        f"""update one_time_codes c set attempts_left = c.attempts_left - 1
            from users u
            where u.organization_id = $1 and (u.email = $2 or u.phone = $3)
              and u.role = 'patient' and u.disabled_at is null
              and c.organization_id = $1 and c.user_id = u.id
              and c.attempts_left > 0 and c.used_at is null and c.expires_at > $4
              and c.created_at <= $5
            returning {USER_COLUMNS}, c.code_hash""",  # noqa: S608 - constant columns
        tx.organization_id,
        email,
        phone,
        now,
        now + SKEW,  # a code of a clock that ran ahead would live as much longer
    )
    return ClaimedAttempt(user_of(row), row["code_hash"]) if row else None


async def use_code(tx: Tx, user_id: UserId, code_hash: bytes, now: datetime) -> bool:
    """Use up a code; False when it was used or replaced meanwhile."""
    changed = await tx.execute(
        """update one_time_codes set used_at = $4
           where organization_id = $1 and user_id = $2 and code_hash = $3 and used_at is null""",
        tx.organization_id,
        user_id,
        code_hash,
        now,
    )
    return changed == 1


async def prove_phone(tx: Tx, user_id: UserId, code_hash: bytes) -> None:
    """Note that the user's phone number is theirs, if this code was sent there. A number that
    changes ends the code, so a live one went to the number of now.
    """
    await tx.execute(
        """update users u set phone_is_proven = true
           where u.organization_id = $1 and u.id = $2 and not u.phone_is_proven and exists (
               select from one_time_codes c
               where c.organization_id = $1 and c.user_id = $2 and c.code_hash = $3
                 and c.by_phone and c.used_at is null)""",
        tx.organization_id,
        user_id,
        code_hash,
    )


async def end_code(tx: Tx, user_id: UserId, now: datetime) -> None:
    """Whatever code the user has out is worth nothing from now on."""
    await tx.execute(
        """update one_time_codes set used_at = $3
           where organization_id = $1 and user_id = $2 and used_at is null""",
        tx.organization_id,
        user_id,
        now,
    )
