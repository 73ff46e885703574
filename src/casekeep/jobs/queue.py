"""Puts jobs into the queue, within the transaction of the act that causes them: a job stands if,
and only if, the act does. A job carries ids and nothing else.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from casekeep.db.database import Tx
from casekeep.jobs.schema import ENQUEUE
from casekeep.kernel.ids import OrganizationId

_ID_BYTES = 16
_PRIORITY = 0
_NO_HEADERS = "null"


class JobName(StrEnum):
    """Every kind of job. A name, once used, is never given to another kind: rows keep it."""

    ANALYZE_CASE = "analyze_case"
    DELIVER_WEBHOOK = "deliver_webhook"


async def enqueue(tx: Tx, name: JobName, *ids: UUID, after: timedelta | None = None) -> None:
    """Have a job of this kind done for the transaction's organisation, once it has committed.

    It is done at least once: what does it must bear being called again. `after`: not before so
    much time has passed.
    """
    await _put(tx, name, [_payload(tx, ids)], after or timedelta())


async def enqueue_each(tx: Tx, name: JobName, ids: Sequence[UUID]) -> None:
    """Like `enqueue`, a job for each of these ids, in one statement."""
    if ids:
        await _put(tx, name, [_payload(tx, [each]) for each in ids], timedelta())


async def _put(tx: Tx, name: JobName, payloads: Sequence[bytes], after: timedelta) -> None:
    jobs = [(_PRIORITY, str(name), payload, after, None, _NO_HEADERS) for payload in payloads]
    await tx.fetch(ENQUEUE, *map(list, zip(*jobs, strict=True)))


def _payload(tx: Tx, ids: Iterable[UUID]) -> bytes:
    return b"".join(each.bytes for each in (tx.organization_id, *ids))


def ids_in(payload: bytes | None) -> tuple[OrganizationId, tuple[UUID, ...]]:
    """What `enqueue` wrote. Raises ValueError for anything else."""
    content = payload or b""
    if not content or len(content) % _ID_BYTES:
        raise ValueError("not a job of ours")
    starts = range(0, len(content), _ID_BYTES)
    first, *others = (UUID(bytes=content[start : start + _ID_BYTES]) for start in starts)
    return OrganizationId(first), tuple(others)
