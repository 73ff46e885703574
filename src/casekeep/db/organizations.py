"""Which organisations there are, for work that goes through all of them, one scope at a time."""

from casekeep.db.database import Database
from casekeep.kernel.ids import OrganizationId


async def organization_ids(db: Database) -> list[OrganizationId]:
    """Every organisation's id."""
    rows = await db.fetch_unscoped("select all_organization_ids() as id")
    return [OrganizationId(row["id"]) for row in rows]
