"""SQL of patients' profiles: rows in, frozen data out. It decides nothing."""

from dataclasses import fields

from casekeep.db.database import Tx
from casekeep.identity.model import NewProfile
from casekeep.kernel.ids import UserId

_SAID = tuple(field.name for field in fields(NewProfile))
_SET_SAID = ", ".join(f"{each} = ${place}" for place, each in enumerate(_SAID, start=3))


async def set_profile(tx: Tx, user_id: UserId, said: NewProfile) -> None:
    """Keep what is said of a patient."""
    await tx.execute(
        f"update users set {_SET_SAID} where organization_id = $1 and id = $2",  # noqa: S608 - constant columns
        tx.organization_id,
        user_id,
        *(getattr(said, each) for each in _SAID),
    )
