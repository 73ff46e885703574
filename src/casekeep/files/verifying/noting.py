"""Writes down what a check has found: new damage, damage that is still there, and what is well
again, each with its line in the audit.
"""

from collections.abc import Sequence
from datetime import datetime

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.blobs.store import BlobKey, StoreUnavailable
from casekeep.db.database import Tx
from casekeep.files.verifying import queries
from casekeep.files.verifying.model import Checked, Damage, Judged
from casekeep.identity.actors import who
from casekeep.identity.model import Operator
from casekeep.kernel.ids import FileId, OrganizationId

_DISPROVED_AT_A_GLANCE = frozenset({Damage.MISSING, Damage.TRUNCATED, Damage.ORPHANED})
"""What is known to be so no more without reading a byte."""
_AT_ONCE = 500

Pair = tuple[FileId, Damage]


async def note_judged(
    checked: Checked, organization_id: OrganizationId, judged: Sequence[Judged], *, deep: bool
) -> None:
    """Write down what was found of these files. `deep`: whether their bytes were read, so that one
    without damage is well altogether.
    """
    async with checked.db.transaction(organization_id) as tx:
        known = await queries.open_among(tx, [each.file_id for each in judged])
        found = [(each.file_id, each.damage) for each in judged if each.damage is not None]
        well = {each.file_id for each in judged if each.damage is None}
        disproved = frozenset(Damage) if deep else _DISPROVED_AT_A_GLANCE
        mended = sorted(
            (file_id, damage)
            for file_id, damage in known
            if file_id in well and damage in disproved
        )
        at = checked.clock()
        if found:
            await queries.note(tx, found, at)
        new = [each for each in found if each not in known]
        await _record(checked, tx, Action.FILE_DAMAGED, new)
        await mend(checked, tx, mended, at)


async def mend(checked: Checked, tx: Tx, mended: Sequence[Pair], at: datetime) -> None:
    """Write down that this damage is there no more."""
    if mended:
        await queries.mark_mended(tx, mended, at)
        await _record(checked, tx, Action.FILE_REPAIRED, mended)


async def note_gone(checked: Checked, organization_id: OrganizationId, since: datetime) -> None:
    """Close what a whole check, which began at `since`, came across no more because the file was
    destroyed meanwhile, or because orphaned bytes are gone.
    """
    after = None
    while True:
        async with checked.db.transaction(organization_id) as tx:
            unseen = await queries.open_unseen(tx, since, after, _AT_ONCE)
            stored = await queries.stored_among(tx, [each.file_id for each in unseen])
        if not unseen:
            return
        after = unseen[-1].id
        gone = [
            (each.file_id, each.damage)
            for each in unseen
            if each.file_id not in stored
            and await _is_gone(checked, BlobKey(organization_id, each.file_id), each.damage)
        ]
        async with checked.db.transaction(organization_id) as tx:
            await mend(checked, tx, gone, checked.clock())


async def _is_gone(checked: Checked, key: BlobKey, damage: Damage) -> bool:
    """Whether damage without a stored row is a matter of the past."""
    if damage is not Damage.ORPHANED:
        return True
    try:
        return not await checked.blobs.has_bytes(key)
    except StoreUnavailable:
        return False


async def _record(checked: Checked, tx: Tx, action: Action, pairs: Sequence[Pair]) -> None:
    if pairs:
        events = [
            Event(action, file_id=file_id, details={"damage": damage}) for file_id, damage in pairs
        ]
        await checked.audit.record(tx, who(Operator(tx.organization_id)), *events)
