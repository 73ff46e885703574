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
    those with this email address and this phone number; at most `most`, from after a row. Only what
    is asked for is in the statement, so that each form of it is served by an index.
    """
    conditions = ["u.organization_id = $1", "u.role = 'patient'"]
    arguments: list[object] = [tx.organization_id, most]
    for column, value in (("u.email", email), ("u.phone", phone)):
        if value is not None:
            arguments.append(value)
            conditions.append(f"{column} = ${len(arguments)}")
    if after is not None:
        conditions.append(f"(u.created_at, u.id) < (${len(arguments) + 1}, ${len(arguments) + 2})")
        arguments.extend(after)
    rows = await tx.fetch(
        f"""select {USER_COLUMNS}, u.disabled_at is null as is_open from users u
            where {" and ".join(conditions)} order by u.created_at desc, u.id desc limit $2""",  # noqa: S608 - constant columns
        *arguments,
    )
    return [(user_of(row), row["is_open"]) for row in rows]
