"""What an audit event is, and how it is written. An event carries ids, numbers and words of fixed
lists, never a name, a text or an address; nothing here can change or remove one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from casekeep.audit.actions import Action, Outcome
from casekeep.db.database import Tx
from casekeep.kernel.ids import OrganizationId

Detail = UUID | StrEnum | int | None
"""What an event may carry beside its ids; free text is not among it, on purpose."""

# One clock dates every event, the database's: a process whose own is wrong would else put what it
# records out of the reach of the chain of hashes, or everybody else's. Set back, that clock stands
# still at the end of the chain until its time has come again, for the same reason.
_INSERT = """
    insert into audit_events (id, organization_id, occurred_at, action, outcome, actor_kind,
                              actor_id, case_id, file_id, subject_id, request_id, details)
    select id, $1, greatest(statement_timestamp(), sealed.until) - age, action, outcome, actor_kind,
           actor_id, case_id, file_id, subject_id, request_id, details::jsonb
    from unnest($2::uuid[], $3::interval[], $4::text[], $5::text[], $6::text[],
                $7::uuid[], $8::uuid[], $9::uuid[], $10::uuid[], $11::text[], $12::text[])
         as e (id, age, action, outcome, actor_kind,
               actor_id, case_id, file_id, subject_id, request_id, details),
         (select (select l.occurred_at
                  from audit_seals s
                  join audit_events l on l.organization_id = $1 and l.id = s.event_id
                  where s.organization_id = $1
                  order by s.position desc limit 1) as until) as sealed
    on conflict (id) do nothing"""


@dataclass(frozen=True, slots=True)
class Who:
    """The actor of an event: a kind such as `clinician`, and an id where there is one."""

    organization_id: OrganizationId
    kind: str
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done or refused. `subject_id`: what was acted on, if neither case nor
    file (a user, a key, a sign-in).
    """

    action: Action
    outcome: Outcome = Outcome.DONE
    case_id: UUID | None = None
    file_id: UUID | None = None
    subject_id: UUID | None = None
    details: Mapping[str, Detail] = field(default_factory=dict[str, Detail])


class Entry(NamedTuple):
    """An event with its id, its time by this process's clock, its actor, and the request it came
    from. It never leaves the room; a tuple, because one is made for every list that is shown.
    """

    id: UUID
    noted_at: datetime
    who: Who
    event: Event
    request_id: str | None


async def insert_entries(tx: Tx, entries: Sequence[Entry], now: datetime) -> None:
    """Write entries of the transaction's organisation. `now`: the time by the clock that they were
    noted by; each is dated as long ago as that says, by the database's clock, and never later than
    its now. Doing it twice is harmless: an id that is there already is left as it is.
    """
    if entries:
        columns = zip(*(_columns(entry, now) for entry in entries), strict=True)
        await tx.execute(_INSERT, tx.organization_id, *columns)


def _columns(entry: Entry, now: datetime) -> tuple[object, ...]:
    event = entry.event
    return (
        entry.id,
        max(now - entry.noted_at, timedelta()),
        event.action,
        event.outcome,
        entry.who.kind,
        entry.who.id,
        event.case_id,
        event.file_id,
        event.subject_id,
        entry.request_id,
        json.dumps(dict(event.details), default=str) if event.details else "{}",
    )
