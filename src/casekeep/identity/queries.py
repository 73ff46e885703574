"""SQL of organisations and their users: rows in, frozen data out."""

from datetime import datetime

from casekeep.db.database import Database, Row, Tx
from casekeep.identity.model import Organization, Role, User
from casekeep.kernel.ids import OrganizationId, UserId

USER_COLUMNS = (
    "u.id, u.organization_id, u.role, u.email, u.phone, u.first_name, u.last_name, u.created_at"
)


def user_of(row: Row) -> User:
    """A row with the columns of `USER_COLUMNS` as a user."""
    return User(
        UserId(row["id"]),
        OrganizationId(row["organization_id"]),
        Role(row["role"]),
        row["email"],
        row["phone"],
        row["first_name"],
        row["last_name"],
        row["created_at"],
    )


async def insert_organization(tx: Tx, name: str, now: datetime) -> Organization:
    """A new organisation, under the id of the transaction's scope."""
    await tx.execute(
        "insert into organizations (id, name, created_at) values ($1, $2, $3)",
        tx.organization_id,
        name,
        now,
    )
    return Organization(tx.organization_id, name, now)


async def organization(tx: Tx) -> Organization | None:
    """The organisation of the transaction's scope."""
    row = await tx.fetch_row(
        "select id, name, created_at from organizations where id = $1", tx.organization_id
    )
    return Organization(OrganizationId(row["id"]), row["name"], row["created_at"]) if row else None


async def insert_user(tx: Tx, user: User, password_hash: str | None) -> bool:
    """A new user; False when the email address or the phone number is somebody's already."""
    inserted = await tx.fetch_value(
        """insert into users (organization_id, id, role, email, phone, first_name, last_name,
                              created_at, password_hash)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           on conflict do nothing returning id""",
        tx.organization_id,
        user.id,
        user.role.value,
        user.email,
        user.phone,
        user.first_name,
        user.last_name,
        user.created_at,
        password_hash,
    )
    return inserted is not None


async def user(tx: Tx, user_id: UserId) -> User | None:
    """One user, also a disabled one."""
    row = await tx.fetch_row(
        f"select {USER_COLUMNS} from users u where u.organization_id = $1 and u.id = $2",  # noqa: S608 - constant columns
        tx.organization_id,
        user_id,
    )
    return user_of(row) if row else None


async def users(tx: Tx) -> tuple[User, ...]:
    """Every user of the organisation, oldest first."""
    rows = await tx.fetch(
        f"""select {USER_COLUMNS} from users u where u.organization_id = $1
            order by u.created_at, u.id""",  # noqa: S608 - constant columns
        tx.organization_id,
    )
    return tuple(user_of(row) for row in rows)


async def users_reached_at(tx: Tx, email: str | None, phone: str | None) -> tuple[User, ...]:
    """Who has this email address or this phone number; whoever has the address comes first."""
    rows = await tx.fetch(
        f"""select {USER_COLUMNS} from users u
            where u.organization_id = $1 and (u.email = $2 or u.phone = $3)
            order by u.email is not distinct from $2 desc, u.id""",  # noqa: S608 - constant columns
        tx.organization_id,
        email,
        phone,
    )
    return tuple(user_of(row) for row in rows)


async def has_proven_phone(tx: Tx, user_id: UserId) -> bool:
    """Whether the phone number of a user is known to be theirs, and not only said to be."""
    return await tx.fetch_value(
        """select exists (select from users where organization_id = $1 and id = $2
                          and phone is not null and phone_is_proven)""",
        tx.organization_id,
        user_id,
    )


async def disable_user(tx: Tx, user_id: UserId, now: datetime) -> bool:
    """Close an account; False when there is none that is open."""
    changed = await tx.execute(
        """update users set disabled_at = $3
           where organization_id = $1 and id = $2 and disabled_at is null""",
        tx.organization_id,
        user_id,
        now,
    )
    return changed == 1


async def password_owners(
    db: Database, email: str, *, most: int
) -> list[tuple[OrganizationId, UserId]]:
    """The live accounts of an email address that have a password, at most `most`, oldest first."""
    rows = await db.fetch_unscoped(
        "select organization_id, user_id from find_password_sign_ins($1, $2)", email, most
    )
    return [(OrganizationId(row["organization_id"]), UserId(row["user_id"])) for row in rows]


async def user_and_password(tx: Tx, user_id: UserId) -> tuple[User, str] | None:
    """A live user who may sign in by password, and the hash of the password."""
    row = await tx.fetch_row(
        f"""select {USER_COLUMNS}, u.password_hash from users u
            where u.organization_id = $1 and u.id = $2 and u.disabled_at is null
              and u.password_hash is not null and u.role in ('clinician', 'admin')""",  # noqa: S608 - constant columns
        tx.organization_id,
        user_id,
    )
    return (user_of(row), row["password_hash"]) if row else None
