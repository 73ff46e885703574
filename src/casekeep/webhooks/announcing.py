"""Notes, in the transaction of an act, which webhooks are to be told of it. Where an organisation
has none it costs one look into an index.
"""

from collections.abc import Sequence
from uuid import UUID

from casekeep.db.database import Tx
from casekeep.jobs.queue import JobName, enqueue_each
from casekeep.kernel.ids import CaseId, DeliveryId, FileId, new_id
from casekeep.webhooks import queries, queries_deliveries
from casekeep.webhooks.model import WebhookEvent
from casekeep.webhooks.queries_deliveries import About


async def announce(
    tx: Tx,
    event: WebhookEvent,
    case_id: CaseId,
    *,
    file_id: FileId | None = None,
    communication_id: UUID | None = None,
    stage: str | None = None,
) -> None:
    """Have every webhook that wants it told of what happened to a case. It is told if, and only
    if, the act is committed, and in the order in which the acts of a case were.

    `stage`: the case's stage now. Call it last in the transaction: it may wait for another act of
    the same case to end.
    """
    await _announce(tx, event, case_id, [About(file_id, communication_id, stage)])


async def announce_files(
    tx: Tx, event: WebhookEvent, case_id: CaseId, file_ids: Sequence[FileId]
) -> None:
    """Announce an event for each of these files, as `announce` does for one."""
    await _announce(tx, event, case_id, [About(file_id) for file_id in file_ids])


async def _announce(
    tx: Tx, event: WebhookEvent, case_id: CaseId, happened: Sequence[About]
) -> None:
    webhook_ids = await queries.subscribed(tx, event)
    if not webhook_ids:
        return
    await queries_deliveries.lock_case(tx, case_id)
    for webhook_id in webhook_ids:
        deliveries = [(DeliveryId(new_id()), about) for about in happened]
        await queries_deliveries.insert_deliveries(tx, webhook_id, event, case_id, deliveries)
        ids = [delivery_id for delivery_id, _ in deliveries]
        await enqueue_each(tx, JobName.DELIVER_WEBHOOK, ids)
