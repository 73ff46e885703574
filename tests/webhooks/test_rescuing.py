"""What lost its job is found, given another, and told, once; what is long settled is forgotten."""

from datetime import timedelta

from casekeep.webhooks.rescuing import KEPT, forget, rescue
from tests.webhooks.receiver import receiver
from tests.webhooks.test_delivering import Clinic, case, clinic, stages

__all__ = ["clinic"]


async def test_what_lost_its_job_is_found_and_told(clinic: Clinic) -> None:
    organization_id = clinic.actor.organization_id
    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "ASSIGNED", "APPROVED")
        await clinic.db.fetch_unscoped("delete from pgqueuer returning id")
        assert await rescue(clinic.db, organization_id, timedelta(hours=1)) == 0
        assert await rescue(clinic.db, organization_id, timedelta()) == 1
        async with clinic.working():
            await clinic.until(webhook_id, "delivered", "delivered")
    assert stages(partner) == ["ASSIGNED", "APPROVED"]


async def test_what_was_found_without_a_job_is_not_found_again_at_once(clinic: Clinic) -> None:
    organization_id, overdue = clinic.actor.organization_id, timedelta(hours=1)
    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "APPROVED")
        async with clinic.db.transaction(organization_id) as tx:
            await tx.execute(
                """update webhook_deliveries set next_attempt_at = now() - interval '2 hours'
                   where organization_id = $1""",
                organization_id,
            )
        assert await rescue(clinic.db, organization_id, overdue) == 1
        assert await rescue(clinic.db, organization_id, overdue) == 0
        async with clinic.working():
            await clinic.until(webhook_id, "delivered")


async def test_what_was_settled_long_ago_is_forgotten(clinic: Clinic) -> None:
    organization_id = clinic.actor.organization_id
    async with receiver() as partner:
        webhook_id, _ = await clinic.add(partner.url)
        await clinic.happen(case(), "ASSIGNED", "APPROVED")
        async with clinic.working():
            await clinic.until(webhook_id, "delivered", "delivered")
    await clinic.happen(case(), "APPROVED")
    old, recent, pending = await clinic.deliveries(webhook_id)
    async with clinic.db.transaction(organization_id) as tx:
        await tx.execute(
            """update webhook_deliveries set created_at = now() - interval '91 days'
               where organization_id = $1 and id = any($2)""",
            organization_id,
            [old.id, pending.id],
        )
    assert await forget(clinic.db, organization_id, KEPT) == 1
    assert [each.id for each in await clinic.deliveries(webhook_id)] == [recent.id, pending.id]
    assert await forget(clinic.db, organization_id, KEPT) == 0
