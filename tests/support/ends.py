"""A hold and a destroyed file for a furnished clinic."""

from uuid import UUID

import httpx

from casekeep.cases.holding import hold_file
from casekeep.http.house import House
from casekeep.identity.model import Operator
from casekeep.kernel.ids import FileId, OrganizationId
from casekeep.retention.commanding import purge_file
from tests.support.clinician import add_file
from tests.support.house import SignedIn, purging


async def placed_hold(
    house: House, organization_id: OrganizationId, file_id: str, reason: str
) -> str:
    """The id of a legal hold on a file, placed by the operator."""
    actor, held = Operator(organization_id), FileId(UUID(file_id))
    return str((await hold_file(house.db, house.audit, actor, held, reason)).id)


async def destroyed_file(
    house: House, client: httpx.AsyncClient, owner: SignedIn, case: object
) -> str:
    """The id of a file of `case` that was destroyed."""
    added = await add_file(client, owner.headers, case)
    file_id: str = added.json()["file"]["file_id"]
    await client.delete(f"/cases/file/{file_id}", headers=owner.headers)
    await purge_file(purging(house), Operator(owner.organization_id), FileId(UUID(file_id)))
    return file_id
