"""Whoever owns the database may change any row; verification finds it. The tampering here is done
as the owner, who has to enter the organisation's scope like everybody else.
"""

from datetime import timedelta
from uuid import UUID

import pytest

from casekeep.audit.chain import link
from casekeep.audit.sealing import seal
from casekeep.audit.verification import Fault, Head, Verdict, verify
from casekeep.db.database import Database, Row
from casekeep.kernel.ids import OrganizationId, new_id
from tests.audit.reading import owner_of, write_history
from tests.support.database import TestServer
from tests.support.factories import make_organization

APART = timedelta(minutes=10)


async def sealed_history(db: Database) -> tuple[OrganizationId, list[Row]]:
    organization_id = await make_organization(db)
    events = await write_history(db, organization_id, 6, apart=APART)
    assert await seal(db, organization_id) == 6
    return organization_id, events


async def tampered(
    db: Database, server: TestServer, organization_id: OrganizationId, *statements: str
) -> Verdict:
    """The verdict after the owner ran `statements`, each with the organisation as its $1."""
    async with owner_of(server.owner_dsn, organization_id) as owner:
        for statement in statements:
            tag = await owner.execute(statement, organization_id)
            assert not tag.endswith(" 0"), "the tampering did something"
    return await verify(db, organization_id)


def fault(verdict: Verdict) -> tuple[bool, int, int | None, UUID | None, Fault | None]:
    return verdict.ok, verdict.count, verdict.position, verdict.event_id, verdict.why


async def test_an_untouched_chain_is_good(db: Database) -> None:
    organization_id, _ = await sealed_history(db)
    verdict = await verify(db, organization_id)
    assert verdict.ok
    assert (verdict.count, verdict.waiting, verdict.why) == (6, 0, None)
    assert verdict.head is not None
    assert verdict.head.position == 6


async def test_an_empty_audit_is_good(db: Database) -> None:
    verdict = await verify(db, await make_organization(db))
    assert verdict == Verdict(ok=True, count=0)


@pytest.mark.parametrize(
    "change",
    [
        "action = 'file.listed'",
        "outcome = 'refused'",
        "actor_kind = 'patient'",
        "actor_id = null",
        "case_id = gen_random_uuid()",
        "file_id = gen_random_uuid()",
        "subject_id = gen_random_uuid()",
        "request_id = 'another'",
        "occurred_at = occurred_at + interval '1 microsecond'",
        "details = '{\"number\": 7}'",
    ],
)
async def test_a_changed_event_is_found(db: Database, test_server: TestServer, change: str) -> None:
    organization_id, events = await sealed_history(db)
    verdict = await tampered(
        db,
        test_server,
        organization_id,
        f"""update audit_events set {change}
            where organization_id = $1 and id = '{events[3]["id"]}'""",
    )
    assert fault(verdict) == (False, 3, 4, events[3]["id"], Fault.EVENT_CHANGED)


async def test_a_changed_seal_is_found(db: Database, test_server: TestServer) -> None:
    organization_id, events = await sealed_history(db)
    verdict = await tampered(
        db,
        test_server,
        organization_id,
        "update audit_seals set hash = sha256(hash) where organization_id = $1 and position = 2",
    )
    assert fault(verdict) == (False, 1, 2, events[1]["id"], Fault.EVENT_CHANGED)


async def test_a_deleted_event_is_found(db: Database, test_server: TestServer) -> None:
    organization_id, events = await sealed_history(db)
    verdict = await tampered(
        db,
        test_server,
        organization_id,
        "delete from audit_seals where organization_id = $1 and position = 3",
        f"delete from audit_events where organization_id = $1 and id = '{events[2]['id']}'",
    )
    assert fault(verdict) == (False, 2, 3, None, Fault.SEAL_MISSING)


async def test_a_deleted_event_whose_gap_was_closed_is_found(
    db: Database, test_server: TestServer
) -> None:
    organization_id, events = await sealed_history(db)
    verdict = await tampered(
        db,
        test_server,
        organization_id,
        "delete from audit_seals where organization_id = $1 and position = 3",
        f"delete from audit_events where organization_id = $1 and id = '{events[2]['id']}'",
        "update audit_seals set position = -position where organization_id = $1 and position > 3",
        """update audit_seals set position = -position - 1
           where organization_id = $1 and position < 0""",
    )
    assert fault(verdict) == (False, 2, 3, events[3]["id"], Fault.EVENT_CHANGED)


async def test_an_event_moved_to_another_organisation_is_found(
    db: Database, test_server: TestServer
) -> None:
    organization_id, events = await sealed_history(db)
    elsewhere = await make_organization(db)
    async with owner_of(test_server.owner_dsn, organization_id) as owner:
        await owner.execute("alter table audit_events no force row level security")
        try:
            await owner.execute(
                "update audit_events set organization_id = $1 where id = $2",
                elsewhere,
                events[0]["id"],
            )
        finally:
            await owner.execute("alter table audit_events force row level security")
    verdict = await verify(db, organization_id)
    assert fault(verdict) == (False, 0, 1, events[0]["id"], Fault.EVENT_MISSING)


async def test_two_events_that_changed_places_are_found(
    db: Database, test_server: TestServer
) -> None:
    organization_id, events = await sealed_history(db)
    verdict = await tampered(
        db,
        test_server,
        organization_id,
        "update audit_seals set position = -position where organization_id = $1 and position > 4",
        """update audit_seals set position = 11 + position
           where organization_id = $1 and position < 0""",
    )
    assert fault(verdict) == (False, 4, 5, events[5]["id"], Fault.EVENT_CHANGED)


async def slip_in(
    server: TestServer, organization_id: OrganizationId, between: Row
) -> tuple[UUID, Row]:
    """Insert a forged event right after `between`."""
    forged = new_id()
    async with owner_of(server.owner_dsn, organization_id) as owner:
        row = await owner.fetchrow(
            """insert into audit_events (id, organization_id, occurred_at, action, outcome,
                                         actor_kind)
               values ($1, $2, $3, 'file.opened', 'done', 'patient') returning *""",
            forged,
            organization_id,
            between["occurred_at"] + timedelta(minutes=1),
        )
    assert row is not None
    return forged, row


async def test_an_event_inserted_in_between_is_found(db: Database, test_server: TestServer) -> None:
    organization_id, events = await sealed_history(db)
    forged, _ = await slip_in(test_server, organization_id, events[2])
    for _ in range(2):
        verdict = await verify(db, organization_id)
        assert fault(verdict) == (False, 6, None, forged, Fault.EVENT_SLIPPED_IN)
        assert await seal(db, organization_id) == 0, "the sealer does not cover it up"


async def test_an_inserted_event_is_found_even_with_a_seal_of_its_own(
    db: Database, test_server: TestServer
) -> None:
    organization_id, events = await sealed_history(db)
    forged, row = await slip_in(test_server, organization_id, events[2])
    head = (await verify(db, organization_id)).head
    assert head is not None
    async with owner_of(test_server.owner_dsn, organization_id) as owner:
        await owner.execute(
            """insert into audit_seals (organization_id, position, event_id, hash)
               values ($1, 7, $2, $3)""",
            organization_id,
            forged,
            link(bytes.fromhex(head.hash), 7, row),
        )
    verdict = await verify(db, organization_id)
    assert fault(verdict) == (False, 6, 7, forged, Fault.EVENT_SLIPPED_IN)


async def cut_off_the_end(server: TestServer, organization_id: OrganizationId) -> None:
    async with owner_of(server.owner_dsn, organization_id) as owner:
        await owner.execute(
            """with cut as (delete from audit_seals where organization_id = $1 and position > 4)
               select 1""",
            organization_id,
        )
        await owner.execute(
            """delete from audit_events e where organization_id = $1 and not exists
               (select from audit_seals s where s.event_id = e.id)""",
            organization_id,
        )


async def test_a_chain_cut_short_is_found_by_a_head_that_was_kept(
    db: Database, test_server: TestServer
) -> None:
    organization_id, _ = await sealed_history(db)
    kept = (await verify(db, organization_id)).head
    await cut_off_the_end(test_server, organization_id)
    assert (await verify(db, organization_id)).ok, "without the head nothing shows it"
    verdict = await verify(db, organization_id, kept=kept)
    assert fault(verdict) == (False, 4, 5, None, Fault.CHAIN_CUT)


async def test_a_chain_that_went_on_passes_through_a_head_that_was_kept(db: Database) -> None:
    organization_id, _ = await sealed_history(db)
    kept = (await verify(db, organization_id)).head
    await write_history(db, organization_id, 1, apart=timedelta())
    assert await seal(db, organization_id) == 1
    assert (await verify(db, organization_id, kept=kept)).ok
    another = await verify(db, organization_id, kept=Head(6, "00" * 32))
    assert (another.ok, another.why) == (False, Fault.CHAIN_CUT)


async def test_one_organisation_s_fault_is_not_another_s(
    db: Database, test_server: TestServer
) -> None:
    good, _ = await sealed_history(db)
    bad, _ = await sealed_history(db)
    await tampered(
        db, test_server, bad, "update audit_events set actor_id = null where organization_id = $1"
    )
    assert (await verify(db, good)).ok
    assert not (await verify(db, bad)).ok
