"""SQL of patients' profiles: rows in, frozen data out. It decides nothing."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from casekeep.db.database import Row, Tx
from casekeep.identity.model import Gender, NewProfile, Profile
from casekeep.kernel.ids import UserId

_SAID = tuple(field.name for field in fields(NewProfile))
_KEPT = {field.name for field in fields(Profile)}
_COLUMNS = ", ".join(field.name for field in fields(Profile))
_OPEN = "organization_id = $1 and role = 'patient' and disabled_at is null"


async def profile(tx: Tx, user_id: UserId) -> Profile | None:
    """A patient's profile."""
    row = await tx.fetch_row(
        f"select {_COLUMNS} from users where {_OPEN} and id = $2",  # noqa: S608 - constant columns
        tx.organization_id,
        user_id,
    )
    return _profile(row) if row else None


async def hold_profile(tx: Tx, user_id: UserId | None, email: str | None) -> Profile | None:
    """The profile of the patient with this id or this email address. Their row is held until the
    transaction ends, so that no case of theirs comes into work meanwhile (migration 0007).
    """
    row = await tx.fetch_row(
        f"select {_COLUMNS} from users where {_OPEN} and (id = $2 or email = $3) for update",  # noqa: S608 - constant columns
        tx.organization_id,
        user_id,
        email,
    )
    return _profile(row) if row else None


async def set_profile(tx: Tx, user_id: UserId, said: NewProfile) -> None:
    """Keep what is said of a new patient."""
    await _set(tx, user_id, said, _SAID)


async def change_profile(tx: Tx, after: Profile, changed: Collection[str]) -> None:
    """Keep the fields of a held profile that changed, by name. Raises RowTaken when somebody else
    of the organisation has the phone number; the transaction is worth nothing then.
    """
    await _set(tx, after.id, after, sorted(_KEPT.intersection(changed)))


async def set_phone_proven(tx: Tx, user_id: UserId, *, proven: bool) -> None:
    """Whether the phone number of a held profile is known to be the patient's."""
    await tx.execute(
        "update users set phone_is_proven = $3 where organization_id = $1 and id = $2",
        tx.organization_id,
        user_id,
        proven,
    )


async def _set(tx: Tx, user_id: UserId, values: NewProfile, columns: Collection[str]) -> None:
    assigned = ", ".join(f"{each} = ${place}" for place, each in enumerate(columns, start=3))
    await tx.execute(
        f"update users set {assigned} where organization_id = $1 and id = $2",  # noqa: S608 - constant columns
        tx.organization_id,
        user_id,
        *(getattr(values, each) for each in columns),
    )


def _profile(row: Row) -> Profile:
    columns: dict[str, Any] = dict(row)
    columns["gender"] = columns["gender"] and Gender(columns["gender"])
    columns["language_preferences"] = tuple(columns["language_preferences"])
    return Profile(**columns)
