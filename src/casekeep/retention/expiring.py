"""Moves files to the trash when their organisation's schedule says so. It destroys nothing, passes
over what is under a hold, and what was brought back is left alone for as long again.
"""

from collections.abc import Iterable
from datetime import datetime

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases.queries_holds import wait_for_holds
from casekeep.db.database import Database, Tx
from casekeep.identity.actors import who
from casekeep.identity.model import Operator
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.ids import CaseId, FileId, OrganizationId
from casekeep.retention import queries_due, queries_purging
from casekeep.retention.model import Reason
from casekeep.retention.queries_due import Scheduled
from casekeep.webhooks.announcing import announce_files
from casekeep.webhooks.model import WebhookEvent

_AT_ONCE = 100


async def remove_expired(
    db: Database, audit: AuditLog, organization_id: OrganizationId, *, clock: Clock = utc_now
) -> int:
    """Remove every file of an organisation whose schedule ends; how many."""
    count = 0
    while True:
        async with db.transaction(organization_id) as tx:
            found = await queries_due.scheduled(tx, clock(), _AT_ONCE)
        removed = 0
        for case_id, file_ids in _by_case(found):
            async with db.transaction(organization_id) as tx:
                removed += await _remove(tx, audit, case_id, file_ids, clock())
        if not removed:  # nothing is left, or somebody else was quicker
            return count
        count += removed


def _by_case(found: Iterable[Scheduled]) -> list[tuple[CaseId | None, list[FileId]]]:
    cases: dict[CaseId | None, list[FileId]] = {}
    for each in found:
        cases.setdefault(each.case_id, []).append(each.id)
    return [*cases.items()]


async def _remove(
    tx: Tx, audit: AuditLog, case_id: CaseId | None, file_ids: list[FileId], now: datetime
) -> int:
    """Remove those that are still to go, of one case or of none; how many."""
    await wait_for_holds(tx)
    found = await queries_due.scheduled(tx, now, len(file_ids), file_ids)
    gone = [each.id for each in found if each.case_id == case_id]
    await queries_purging.remove_scheduled(tx, gone, now)
    details = {"reason": Reason.RETENTION}
    events = [
        Event(Action.FILE_REMOVED, case_id=case_id, file_id=each, details=details) for each in gone
    ]
    await audit.record(tx, who(Operator(tx.organization_id)), *events)
    if case_id is not None and gone:
        await announce_files(tx, WebhookEvent.FILE_REMOVED, case_id, gone)
    return len(gone)
