"""What the audit holds of an organisation, for tests."""

from casekeep.db.database import Database
from casekeep.kernel.ids import OrganizationId


async def events(db: Database, organization_id: OrganizationId) -> list[tuple[str, str]]:
    """Action and outcome of every recorded event, in order."""
    async with db.transaction(organization_id) as tx:
        rows = await tx.fetch(
            """select action, outcome from audit_events where organization_id = $1
               order by occurred_at, id""",
            organization_id,
        )
    return [(row["action"], row["outcome"]) for row in rows]
