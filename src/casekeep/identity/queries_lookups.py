"""SQL of the questions that a partner's software asks about accounts."""

from datetime import datetime
from uuid import UUID

from casekeep.db.database import Tx
from casekeep.identity.model import User
from casekeep.identity.queries import USER_COLUMNS, user_of


async def patients(
    tx: Tx,
    *,
    email: str | None,
    phone: str | None,
    most: int,
    after: tuple[datetime, UUID] | None,
) -> list[tuple[User, bool]]:
    """The organisation's patients, newest first, each with whether their account is open: all, or
    those with this email address and this phone number; at most `most`, from after a row.
    """
    at, last = after or (None, None)
    rows = await tx.fetch(
        f"""select {USER_COLUMNS}, u.disabled_at is null as is_open from users u
            where u.organization_id = $1 and u.role = 'patient'
              and ($2::text is null or u.email = $2) and ($3::text is null or u.phone = $3)
              and ($4::timestamptz is null or (u.created_at, u.id) < ($4, $5))
            order by u.created_at desc, u.id desc limit $6""",  # noqa: S608 - constant columns
        tx.organization_id,
        email,
        phone,
        at,
        last,
        most,
    )
    return [(user_of(row), row["is_open"]) for row in rows]
