"""SQL of the retention room for how long an organisation keeps things, and for the proof of what it
destroyed: rows in, frozen data out. It decides nothing.
"""

from datetime import datetime

from casekeep.db.database import Database, Tx
from casekeep.files.model import Category
from casekeep.kernel.ids import FileId
from casekeep.retention.model import Schedule, Terms


async def terms(tx: Tx) -> Terms:
    """What the organisation says of how long things are kept; each category once."""
    trash_days = await tx.fetch_value(
        "select trash_days from organizations where id = $1", tx.organization_id
    )
    rows = await tx.fetch(
        """select category, keep_at_least_days, remove_after_days from retention_schedules
           where organization_id = $1""",
        tx.organization_id,
    )
    said = {row["category"]: Schedule(Category(row[0]), row[1], row[2]) for row in rows}
    return Terms(trash_days, tuple(said.get(each, Schedule(each)) for each in Category))


async def set_schedule(tx: Tx, schedule: Schedule, at: datetime) -> None:
    """Say how long files of a category are kept, whatever was said before."""
    await tx.execute(
        """insert into retention_schedules
               (organization_id, category, keep_at_least_days, remove_after_days, changed_at)
           values ($1, $2, $3, $4, $5)
           on conflict (organization_id, category) do update
           set keep_at_least_days = excluded.keep_at_least_days,
               remove_after_days = excluded.remove_after_days, changed_at = excluded.changed_at""",
        tx.organization_id,
        schedule.category.value,
        schedule.keep_at_least_days,
        schedule.remove_after_days,
        at,
    )


async def set_trash_days(tx: Tx, days: int | None) -> None:
    """Say how long the organisation's trash keeps things; None: as long as the deployment's."""
    await tx.execute(
        "update organizations set trash_days = $2 where id = $1", tx.organization_id, days
    )


async def organization_name(tx: Tx) -> str:
    """What the organisation is called."""
    return await tx.fetch_value("select name from organizations where id = $1", tx.organization_id)


async def certificate_of(tx: Tx, file_id: FileId) -> str | None:
    """The signed certificate of a destroyed file, as it was signed."""
    return await tx.fetch_value(
        "select certificate from destructions where organization_id = $1 and file_id = $2",
        tx.organization_id,
        file_id,
    )


async def use_certificate_key(tx: Tx, public_key: bytes) -> None:
    """Remember, with what it signs, whose signature is to be believed from now on."""
    await tx.execute("select use_certificate_key($1)", public_key)


async def used_certificate_keys(db: Database) -> list[bytes]:
    """The public keys of all certificates that were ever signed here, the newest first."""
    rows = await db.fetch_unscoped("select used_certificate_keys() as public_key")
    return [row["public_key"] for row in rows]
