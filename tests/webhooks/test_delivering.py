"""What was announced reaches a real receiver: after failures, once, in order, by any worker."""

import asyncio
import hashlib
import hmac
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from standardwebhooks import Webhook as Reader

from casekeep.audit.log import AuditLog
from casekeep.db.database import Database
from casekeep.identity.model import Operator
from casekeep.jobs.queue import JobName
from casekeep.jobs.running import Pacing, Runner
from casekeep.kernel.errors import InputNotValid, WebhookNotKnown
from casekeep.kernel.ids import CaseId, DeliveryId, WebhookId, new_id
from casekeep.webhooks import queries
from casekeep.webhooks.addresses import Allowed, networks_of
from casekeep.webhooks.announcing import announce
from casekeep.webhooks.delivering import Delivering, deliver
from casekeep.webhooks.model import (
    Delivery,
    NewWebhook,
    Occurrence,
    WebhookEvent,
)
from casekeep.webhooks.queries_deliveries import About, insert_deliveries
from casekeep.webhooks.registering import (
    add_webhook,
    disable_webhook,
    enable_webhook,
    remove_webhook,
)
from casekeep.webhooks.replaying import (
    list_deliveries,
    replay_delivery,
    replay_failed,
    show_delivery,
)
from casekeep.webhooks.secrets import WebhookSecrets
from casekeep.webhooks.sending import Sender
from tests.support.database import TestServer
from tests.support.factories import make_organization
from tests.webhooks.receiver import Receiver, receiver

ROOT = Path(__file__).parents[2]
EVENT = WebhookEvent.STAGE_CHANGED
HOME = Allowed(networks_of("127.0.0.0/8"))
SECRETS = WebhookSecrets(b"the tests' key of 32 bytes is it")
SOON = tuple(timedelta(milliseconds=each) for each in (20, 30, 40))
PACING = Pacing(presumed_dead=timedelta(seconds=2), look_every=timedelta(seconds=0.3), ending=0.5)


async def write_body(occurrence: Occurrence) -> bytes:
    """As much as the tests need to tell deliveries apart."""
    case = {"id": occurrence.case_id, "status": occurrence.stage}
    return msgspec.json.encode({"event": occurrence.event, "payload": {"case": case}})


@dataclass(frozen=True)
class Clinic:
    """An organisation, and all that delivering needs."""

    parts: Delivering
    actor: Operator

    @property
    def db(self) -> Database:
        return self.parts.db

    async def add(self, url: str, *events: WebhookEvent) -> tuple[WebhookId, str]:
        new = NewWebhook("a partner", url, events or (EVENT,))
        webhook, secret = await add_webhook(
            self.db, self.parts.audit, SECRETS, HOME, actor=self.actor, new=new
        )
        assert secret is not None
        return webhook.id, secret

    async def happen(self, case_id: CaseId, *stages: str) -> None:
        for stage in stages:
            async with self.db.transaction(self.actor.organization_id) as tx:
                await announce(tx, EVENT, case_id, stage=stage)

    async def deliveries(self, webhook_id: WebhookId) -> list[Delivery]:
        """Oldest first."""
        page = await list_deliveries(self.db, self.parts.audit, self.actor, webhook_id)
        return list(reversed(page.deliveries))

    async def until(self, webhook_id: WebhookId, *states: str) -> list[Delivery]:
        async with asyncio.timeout(20):
            while True:
                found = await self.deliveries(webhook_id)
                if [each.state for each in found] == list(states):
                    return found
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def working(self, workers: int = 1, **changed: object) -> AsyncIterator[None]:
        async with AsyncExitStack() as closing:
            for _ in range(workers):
                parts = replace(self.parts, **changed)  # type: ignore[arg-type] - as named
                work = {JobName.DELIVER_WEBHOOK: partial(deliver, parts)}
                runner = Runner(self.db, work, PACING)
                runner.start()
                closing.push_async_callback(runner.close)
            yield


@pytest_asyncio.fixture
async def clinic(own_db: Database) -> AsyncIterator[Clinic]:
    organization_id = await make_organization(own_db)
    audit = AuditLog(own_db)
    audit.start()
    parts = Delivering(own_db, audit, SECRETS, Sender(HOME), write_body, SOON)
    yield Clinic(parts, Operator(organization_id))
    await audit.close()


def case() -> CaseId:
    return CaseId(new_id())


def stages(partner: Receiver) -> list[str]:
    return [got.json["payload"]["case"]["status"] for got in partner.got]


async def test_after_three_failures_it_is_told_once_and_signed_both_ways(clinic: Clinic) -> None:
    async with receiver(lambda count: 500 if count <= 3 else 200) as partner:
        webhook_id, secret = await clinic.add(partner.url)
        await clinic.happen(case(), "APPROVED")
        async with clinic.working():
            (told,) = await clinic.until(webhook_id, "delivered")
    assert len(partner.got) == 4
    assert {got.headers["webhook-id"] for got in partner.got} == {str(told.id)}
    assert len({got.body for got in partner.got}) == 1
    for got in partner.got:
        assert Reader(secret).verify(got.body, got.headers)["event"] == "CHANGE_CASE_STATUS"
        digest = hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest()
        assert got.headers["x-cv-signature"] == digest
    assert (told.attempts, told.last_status, told.last_error) == (4, 200, None)
    _, attempts = await show_delivery(clinic.db, clinic.parts.audit, clinic.actor, told.id)
    assert [each.error for each in attempts] == [*["answered 500"] * 3, None]


async def test_a_case_s_events_come_in_order_however_often_they_fail(clinic: Clinic) -> None:
    async with receiver(lambda count: 503 if count % 3 else 200) as partner:
        webhook_id, _ = await clinic.add(partner.url)
        async with clinic.working(workers=2):
            await clinic.happen(case(), "ASSIGNED", "IN_PROGRESS", "APPROVED", "REJECTED")
            await clinic.until(webhook_id, *["delivered"] * 4)
    assert list(dict.fromkeys(stages(partner))) == [
        "ASSIGNED",
        "IN_PROGRESS",
        "APPROVED",
        "REJECTED",
    ]
    assert stages(partner) == sorted(stages(partner), key=stages(partner).index)


async def test_a_case_waits_for_no_other(clinic: Clinic) -> None:
    stuck, free = case(), case()

    async def answering(occurrence: Occurrence) -> bytes:
        if occurrence.case_id == stuck:
            raise RuntimeError("never written")
        return await write_body(occurrence)

    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(stuck, "ASSIGNED", "APPROVED")
        await clinic.happen(free, "REJECTED")
        async with clinic.working(write_body=answering, retries=(timedelta(hours=1),)):
            await clinic.until(webhook_id, "pending", "pending", "delivered")
    assert stages(partner) == ["REJECTED"]


async def test_one_that_never_answers_is_shown_as_failing_and_can_be_replayed(
    clinic: Clinic,
) -> None:
    answers = False
    async with receiver(lambda _: 200 if answers else None) as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "APPROVED")
        async with clinic.working(sender=Sender(HOME, total_seconds=0.1)):
            (failed,) = await clinic.until(webhook_id, "failed")
            assert (failed.attempts, failed.last_status) == (4, None)
            assert failed.last_error == "timed out"
            answers = True
            await replay_delivery(clinic.db, clinic.parts.audit, clinic.actor, failed.id)
            (told,) = await clinic.until(webhook_id, "delivered")
    assert told.id == failed.id
    assert told.attempts == 5
    assert {got.headers["webhook-id"] for got in partner.got} == {str(failed.id)}


async def test_what_waited_behind_a_failed_one_goes_on(clinic: Clinic) -> None:
    async with receiver(lambda count: 500 if count <= 4 else 200) as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "ASSIGNED", "APPROVED")
        async with clinic.working():
            await clinic.until(webhook_id, "failed", "delivered")
    assert stages(partner) == [*["ASSIGNED"] * 4, "APPROVED"]


async def test_all_failed_ones_are_replayed_with_one_call(clinic: Clinic) -> None:
    async with receiver(lambda count: 500 if count <= 3 else 200) as partner:
        webhook_id, _ = await clinic.add(partner.url)
        for stage in ("ASSIGNED", "APPROVED", "REJECTED"):
            await clinic.happen(case(), stage)
        async with clinic.working(retries=()):
            await clinic.until(webhook_id, *["failed"] * 3)
            count = await replay_failed(clinic.db, clinic.parts.audit, clinic.actor, webhook_id)
            await clinic.until(webhook_id, *["delivered"] * 3)
    assert count == 3


async def test_a_receiver_that_is_gone_is_told_nothing_more(clinic: Clinic) -> None:
    async with receiver(lambda _: 410) as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "ASSIGNED", "APPROVED")
        async with clinic.working():
            first, second = await clinic.until(webhook_id, "failed", "failed")
        await clinic.happen(case(), "REJECTED")
        assert len(await clinic.deliveries(webhook_id)) == 2
        assert len(partner.got) == 1
        assert (first.last_error, second.last_error) == ("answered 410", "webhook disabled")
        with pytest.raises(InputNotValid):
            await replay_delivery(clinic.db, clinic.parts.audit, clinic.actor, second.id)
        await enable_webhook(clinic.db, clinic.parts.audit, HOME, clinic.actor, webhook_id)
        await replay_delivery(clinic.db, clinic.parts.audit, clinic.actor, second.id)


async def test_a_receiver_that_is_gone_may_say_so_to_several_at_once(clinic: Clinic) -> None:
    organization_id, everybody = clinic.actor.organization_id, asyncio.Barrier(4)

    async def together(occurrence: Occurrence) -> bytes:
        await everybody.wait()
        return await write_body(occurrence)

    async with receiver(lambda _: 410) as partner:
        webhook_id, _ = await clinic.add(partner.url)
        for _ in range(5):
            await clinic.happen(case(), "APPROVED")
        parts = replace(clinic.parts, write_body=together)
        waiting = await clinic.deliveries(webhook_id)
        await asyncio.gather(*(deliver(parts, organization_id, each.id) for each in waiting[:4]))
        states = [each.state for each in await clinic.deliveries(webhook_id)]
    assert states == ["failed"] * 5


async def test_only_live_webhooks_that_want_an_event_are_told(clinic: Clinic) -> None:
    async with receiver() as partner:
        wants, _ = await clinic.add(partner.url)
        other, _ = await clinic.add(partner.url, WebhookEvent.CASE_OPENED)
        disabled, _ = await clinic.add(partner.url)
        await disable_webhook(clinic.db, clinic.parts.audit, clinic.actor, disabled)
        await clinic.happen(case(), "APPROVED")
        counts = [len(await clinic.deliveries(each)) for each in (wants, other, disabled)]
    assert counts == [1, 0, 0]


async def test_an_act_that_was_not_committed_is_not_told(clinic: Clinic) -> None:
    async def failing_act() -> None:
        async with clinic.db.transaction(clinic.actor.organization_id) as tx:
            await announce(tx, EVENT, case(), stage="APPROVED")
            raise RuntimeError

    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        with pytest.raises(RuntimeError):
            await failing_act()
        assert await clinic.deliveries(webhook_id) == []


async def test_no_act_fails_for_a_webhook_that_is_being_removed(clinic: Clinic) -> None:
    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        removal = remove_webhook(clinic.db, clinic.parts.audit, clinic.actor, webhook_id)
        async with clinic.db.transaction(clinic.actor.organization_id) as tx:
            assert await queries.subscribed(tx, EVENT) == [webhook_id]
            removing = asyncio.create_task(removal)
            await asyncio.wait({removing}, timeout=0.3)
            told = [(DeliveryId(new_id()), About(stage="APPROVED"))]
            await insert_deliveries(tx, webhook_id, EVENT, case(), told)
        await removing
    with pytest.raises(WebhookNotKnown):
        await clinic.deliveries(webhook_id)


async def test_a_call_too_many_sends_nothing(clinic: Clinic) -> None:
    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "APPROVED")
        (delivery,) = await clinic.deliveries(webhook_id)
        organization_id = clinic.actor.organization_id
        calls = [deliver(clinic.parts, organization_id, delivery.id) for _ in range(8)]
        await asyncio.gather(*calls)
        await deliver(clinic.parts, organization_id, delivery.id)
        await deliver(clinic.parts, organization_id, new_id())
        assert len(partner.got) == 1


async def test_two_workers_share_the_work_and_send_nothing_twice(clinic: Clinic) -> None:
    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        for _ in range(10):
            await clinic.happen(case(), "ASSIGNED", "APPROVED")
        async with clinic.working(workers=2):
            await clinic.until(webhook_id, *["delivered"] * 20)
    assert len(partner.got) == len({got.headers["webhook-id"] for got in partner.got}) == 20


async def test_no_transaction_is_open_while_something_is_sent(
    clinic: Clinic, own_server: TestServer
) -> None:
    async with receiver(lambda _: None) as partner:
        await clinic.add(partner.url)
        await clinic.happen(case(), "APPROVED")
        async with clinic.working(sender=Sender(HOME, total_seconds=1.0)):
            await partner.until(1)
            rows = await clinic.db.fetch_unscoped(
                """select state from pg_stat_activity where datname = current_database()
                   and pid <> pg_backend_pid() and state like 'idle in transaction%'"""
            )
    assert rows == []


async def test_what_a_killed_worker_was_sending_is_sent_again_under_the_same_id(
    clinic: Clinic, own_server: TestServer
) -> None:
    async with receiver(lambda count: None if count == 1 else 200) as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "ASSIGNED", "APPROVED")
        dying = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.webhooks.dying", own_server.application_dsn), cwd=ROOT
        )
        await partner.until(1)
        dying.send_signal(signal.SIGKILL)
        await dying.wait()
        async with clinic.working():
            first, second = await clinic.until(webhook_id, "delivered", "delivered")
    ids = [got.headers["webhook-id"] for got in partner.got]
    assert ids == [str(first.id), str(first.id), str(second.id)]
    _, attempts = await show_delivery(clinic.db, clinic.parts.audit, clinic.actor, first.id)
    assert [each.duration_ms is None for each in attempts] == [True, False]


async def test_a_page_goes_on_where_the_one_before_ended(clinic: Clinic) -> None:
    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), *["ASSIGNED"] * 5)
        seen: list[DeliveryId] = []
        after = None
        for expected in (2, 2, 1):
            page = await list_deliveries(
                clinic.db, clinic.parts.audit, clinic.actor, webhook_id, after=after, most=2
            )
            assert len(page.deliveries) == expected
            seen += [each.id for each in page.deliveries]
            after = page.after
    assert after is None
    assert seen == [each.id for each in reversed(await clinic.deliveries(webhook_id))]


async def test_nothing_of_it_is_in_a_job(clinic: Clinic) -> None:
    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "APPROVED")
        (delivery,) = await clinic.deliveries(webhook_id)
        (row,) = await clinic.db.fetch_unscoped("select payload, headers from pgqueuer")
    assert row["payload"] == clinic.actor.organization_id.bytes + delivery.id.bytes
    assert row["headers"] in (None, "null")


def test_the_schedule_gives_a_receiver_most_of_a_day() -> None:
    total = sum(Delivering.__dataclass_fields__["retries"].default, timedelta())
    assert timedelta(hours=20) < total < timedelta(hours=24)
