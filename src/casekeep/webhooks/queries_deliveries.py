"""SQL of deliveries and attempts. What is due, and who has it in hand, goes by the database's clock
alone: jobs do too, and two clocks would lose a delivery between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from casekeep.db.database import Row, Tx
from casekeep.kernel.ids import CaseId, DeliveryId, FileId, WebhookId
from casekeep.webhooks.model import (
    Attempt,
    Delivery,
    DeliveryState,
    DocumentFormat,
    Occurrence,
    WebhookEvent,
)

_COLUMNS = """id, webhook_id, position, event, case_id, file_id, communication_id, state, attempts,
    next_attempt_at, last_status, last_error, created_at, delivered_at"""

_BEHIND_ALL = 2**63 - 1

# Whoever announces or takes something of a case waits for the others who do: then the order of
# positions is the order of commits, and nobody takes two things of one case at once.
_LOCK_CASE = """
    select pg_advisory_xact_lock(
        hashtextextended('casekeep webhooks ' || $1::text || $2::text, 0))"""

_INSERT = """
    insert into webhook_deliveries
        (organization_id, webhook_id, event, case_id, id, file_id, communication_id, stage)
    select $1, $2, $3, $4, id, file_id, communication_id, stage
    from unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::text[]) with ordinality
         as d (id, file_id, communication_id, stage, place)
    order by place"""

_LOOK = """
    select d.webhook_id, d.state,
           greatest(d.next_attempt_at, d.claimed_until) - clock_timestamp() as wait,
           exists (select from webhook_deliveries e
                   where e.organization_id = $1 and e.webhook_id = d.webhook_id
                     and e.case_id = d.case_id and e.state = 'pending'
                     and e.position < d.position) as has_earlier,
           (select max(e.claimed_until) - clock_timestamp() from webhook_deliveries e
            where e.organization_id = $1 and e.webhook_id = d.webhook_id and e.case_id = d.case_id
              and e.state = 'pending' and e.id <> d.id) as others
    from webhook_deliveries d where d.organization_id = $1 and d.id = $2"""

_CLAIM = """
    with claimed as (
        update webhook_deliveries d
        set claimed_until = clock_timestamp() + $3::interval,
            attempts = attempts + 1, tries = tries + 1
        from webhooks w
        where d.organization_id = $1 and d.id = $2 and d.state = 'pending'
          and w.organization_id = $1 and w.id = d.webhook_id and w.disabled_at is null
        returning d.webhook_id, d.id, d.event, d.case_id, d.file_id, d.communication_id, d.stage,
                  w.document_format, d.attempts, d.tries, w.url, w.sealed_secret
    ), noted as (
        insert into webhook_attempts (organization_id, delivery_id, number, at)
        select $1, id, attempts, clock_timestamp() from claimed
    )
    select * from claimed"""

_NEXT = """
    select id from webhook_deliveries
    where organization_id = $1 and webhook_id = $2 and case_id = $3 and state = 'pending'
    order by position limit 1"""

_TAKE_FORGOTTEN = """
    update webhook_deliveries set next_attempt_at = now()
    where organization_id = $1 and id in (
        select d.id from webhook_deliveries d
        where d.organization_id = $1 and d.state = 'pending'
          and d.next_attempt_at < now() - $2::interval
          and (d.claimed_until is null or d.claimed_until < now() - $2::interval)
          and not exists (select from webhook_deliveries e
                          where e.organization_id = $1 and e.webhook_id = d.webhook_id
                            and e.case_id = d.case_id and e.state = 'pending'
                            and e.position < d.position)
        order by d.next_attempt_at limit $3
        for update of d skip locked)
    returning id"""


@dataclass(frozen=True, slots=True)
class About:
    """What of a case an event is about. `stage`: the stage it was put into."""

    file_id: FileId | None = None
    communication_id: UUID | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Whether a delivery may be tried now. `wait`: how long it may not, which is at most zero when
    it may. `has_earlier`: an earlier one of its webhook and case is pending.
    """

    webhook_id: WebhookId
    state: DeliveryState
    wait: timedelta
    has_earlier: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that is ours alone until the lease runs out. `tries`: how many it makes since the
    announcement or the replay.
    """

    occurrence: Occurrence
    attempt: int
    tries: int
    url: str
    sealed_secret: bytes | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt: a status, an error, or both."""

    status: int | None
    error: str | None
    duration_ms: int


async def lock_case(tx: Tx, case_id: CaseId) -> None:
    """Wait until nobody else announces or takes anything of this case, and let nobody until the
    transaction ends.
    """
    await tx.fetch(_LOCK_CASE, str(tx.organization_id), str(case_id))


async def insert_deliveries(
    tx: Tx,
    webhook_id: WebhookId,
    event: WebhookEvent,
    case_id: CaseId,
    deliveries: Sequence[tuple[DeliveryId, About]],
) -> None:
    """Write what a webhook is to be told of a case, in this order."""
    await tx.execute(
        _INSERT,
        tx.organization_id,
        webhook_id,
        event.value,
        case_id,
        [delivery_id for delivery_id, _ in deliveries],
        [about.file_id for _, about in deliveries],
        [about.communication_id for _, about in deliveries],
        [about.stage for _, about in deliveries],
    )


async def case_of(tx: Tx, delivery_id: DeliveryId) -> CaseId | None:
    """The case that a delivery is about."""
    return await tx.fetch_value(
        "select case_id from webhook_deliveries where organization_id = $1 and id = $2",
        tx.organization_id,
        delivery_id,
    )


async def look_at(tx: Tx, delivery_id: DeliveryId) -> Look | None:
    """How a delivery stands among those of its webhook and case."""
    row = await tx.fetch_row(_LOOK, tx.organization_id, delivery_id)
    if row is None:
        return None
    waits = [each for each in (row["wait"], row["others"]) if each is not None]
    wait = max(waits, default=timedelta())
    return Look(row["webhook_id"], DeliveryState(row["state"]), wait, row["has_earlier"])


async def claim(tx: Tx, delivery_id: DeliveryId, lease: timedelta) -> Claim | None:
    """Begin an attempt; None if the webhook is disabled, or it is not pending any more."""
    row = await tx.fetch_row(_CLAIM, tx.organization_id, delivery_id, lease)
    if row is None:
        return None
    occurrence = Occurrence(
        tx.organization_id,
        row["webhook_id"],
        row["id"],
        WebhookEvent(row["event"]),
        row["case_id"],
        row["file_id"],
        row["communication_id"],
        row["stage"],
        DocumentFormat(row["document_format"]),
    )
    return Claim(occurrence, row["attempts"], row["tries"], row["url"], row["sealed_secret"])


async def note_result(tx: Tx, claim: Claim, result: Result) -> None:
    """Write down what came of an attempt."""
    await tx.execute(
        """update webhook_attempts set duration_ms = $4, status = $5, error = $6
           where organization_id = $1 and delivery_id = $2 and number = $3""",
        tx.organization_id,
        claim.occurrence.delivery_id,
        claim.attempt,
        result.duration_ms,
        result.status,
        result.error,
    )


async def settle(
    tx: Tx, claim: Claim, result: Result, state: DeliveryState, retry: timedelta | None
) -> bool:
    """End a claim: with `retry` it is pending and due after that. False if it is not ours any more,
    since the lease ran out and somebody else began another attempt, or the webhook was disabled.
    """
    return (
        await tx.execute(
            """update webhook_deliveries
               set state = $4, last_status = $5, last_error = $6, claimed_until = null,
                   next_attempt_at = now() + $7::interval,
                   delivered_at = case when $4 = 'delivered' then now() end
               where organization_id = $1 and id = $2 and attempts = $3 and state = 'pending'""",
            tx.organization_id,
            claim.occurrence.delivery_id,
            claim.attempt,
            state.value,
            result.status,
            result.error,
            retry,
        )
        == 1
    )


async def next_pending(tx: Tx, webhook_id: WebhookId, case_id: CaseId) -> DeliveryId | None:
    """The earliest delivery of a webhook and case that is pending."""
    return await tx.fetch_value(_NEXT, tx.organization_id, webhook_id, case_id)


async def take_forgotten(tx: Tx, overdue: timedelta, most: int) -> list[DeliveryId]:
    """Deliveries that nobody has in hand although they are first of their case and long due. They
    count as due only now, so that nobody else finds them forgotten too.
    """
    rows = await tx.fetch(_TAKE_FORGOTTEN, tx.organization_id, overdue, most)
    return [row["id"] for row in rows]


async def forget_settled(tx: Tx, kept: timedelta, most: int) -> int:
    """Remove `most` deliveries, with their attempts, that were announced longer ago than `kept` and
    are not pending; how many.
    """
    return await tx.execute(
        """delete from webhook_deliveries where organization_id = $1 and id = any(array(
               select id from webhook_deliveries
               where organization_id = $1 and state <> 'pending'
                 and created_at < now() - $2::interval
               order by created_at limit $3))
             and state <> 'pending'""",
        tx.organization_id,
        kept,
        most,
    )


async def find_delivery(tx: Tx, delivery_id: DeliveryId) -> Delivery | None:
    """One delivery."""
    row = await tx.fetch_row(
        f"select {_COLUMNS} from webhook_deliveries where organization_id = $1 and id = $2",  # noqa: S608 - constant columns
        tx.organization_id,
        delivery_id,
    )
    return None if row is None else _delivery(row)


async def deliveries_of(
    tx: Tx, webhook_id: WebhookId, *, state: DeliveryState | None, before: int | None, most: int
) -> tuple[Delivery, ...]:
    """Deliveries of a webhook, newest first. `before`: only those below this position. A state is
    in the text of the statement, so that each has the index that is for it.
    """
    in_state = "" if state is None else f"and state = '{state.value}'"
    rows = await tx.fetch(
        f"""select {_COLUMNS} from webhook_deliveries
            where organization_id = $1 and webhook_id = $2
              and position < coalesce($3::bigint, {_BEHIND_ALL}) {in_state}
            order by position desc limit $4""",  # noqa: S608 - constant columns, one of three words
        tx.organization_id,
        webhook_id,
        before,
        most,
    )
    return tuple(_delivery(row) for row in rows)


async def attempts_of(tx: Tx, delivery_id: DeliveryId) -> tuple[Attempt, ...]:
    """Every attempt at a delivery, oldest first."""
    rows = await tx.fetch(
        """select number, at, duration_ms, status, error from webhook_attempts
           where organization_id = $1 and delivery_id = $2 order by number""",
        tx.organization_id,
        delivery_id,
    )
    return tuple(Attempt(*row.values()) for row in rows)


async def make_pending(tx: Tx, delivery_ids: Sequence[DeliveryId]) -> list[DeliveryId]:
    """Have deliveries tried again from the start; those that were not pending already."""
    rows = await tx.fetch(
        """update webhook_deliveries
           set state = 'pending', tries = 0, next_attempt_at = now(), claimed_until = null,
               delivered_at = null
           where organization_id = $1 and id = any($2) and state <> 'pending' returning id""",
        tx.organization_id,
        delivery_ids,
    )
    return [row["id"] for row in rows]


async def oldest_failed(tx: Tx, webhook_id: WebhookId, most: int) -> list[DeliveryId]:
    """The oldest failed deliveries of a webhook."""
    rows = await tx.fetch(
        """select id from webhook_deliveries
           where organization_id = $1 and webhook_id = $2 and state = 'failed'
           order by position limit $3""",
        tx.organization_id,
        webhook_id,
        most,
    )
    return [row["id"] for row in rows]


def _delivery(row: Row) -> Delivery:
    id_, webhook_id, position, event, case_id, file_id, communication_id, state, *rest = row
    return Delivery(
        id_,
        webhook_id,
        position,
        WebhookEvent(event),
        case_id,
        file_id,
        communication_id,
        DeliveryState(state),
        *rest,
    )
