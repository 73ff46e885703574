"""Recording: with the caller's transaction, without it for a refusal, and never taken back."""

import json
from datetime import timedelta

import asyncpg
import pytest

from casekeep.audit.actions import Action, Outcome
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import new_id
from casekeep.kernel.request import request_id
from tests.audit.reading import LISTED, SteppingClock, events_of, somebody
from tests.support.factories import make_organization


class RefusedError(Exception):
    pass


async def test_an_event_says_who_did_what_to_what_when(db: Database) -> None:
    organization_id = await make_organization(db)
    who, clock = somebody(organization_id), SteppingClock(utc_now() + timedelta(days=1))
    case_id, file_id, subject_id = new_id(), new_id(), new_id()
    event = Event(
        Action.FILE_OPENED,
        case_id=case_id,
        file_id=file_id,
        subject_id=subject_id,
        details={"size": 3, "of": subject_id, "kind": Outcome.DONE, "none": None},
    )
    token = request_id.set("request-1")
    try:
        async with db.transaction(organization_id) as tx:
            await AuditLog(db, clock).record(tx, who, event)
            now = await tx.fetch_value("select clock_timestamp()")
    finally:
        request_id.reset(token)

    (row,) = await events_of(db, organization_id)
    assert now - timedelta(seconds=5) < row["occurred_at"] < now
    assert (row["actor_kind"], row["actor_id"]) == (who.kind, who.id)
    assert (row["action"], row["outcome"]) == ("file.opened", "done")
    assert (row["case_id"], row["file_id"], row["subject_id"]) == (case_id, file_id, subject_id)
    assert row["request_id"] == "request-1"
    assert json.loads(row["details"]) == {
        "size": 3,
        "of": str(subject_id),
        "kind": "done",
        "none": None,
    }


async def test_an_event_stands_only_if_the_act_does(db: Database) -> None:
    organization_id = await make_organization(db)
    log = AuditLog(db)

    async def act() -> None:
        async with db.transaction(organization_id) as tx:
            await log.record(tx, somebody(organization_id), Event(Action.FILE_REMOVED))
            raise RefusedError

    with pytest.raises(RefusedError):
        await act()
    assert await events_of(db, organization_id) == []


async def test_a_refusal_stands_although_the_act_rolled_back(db: Database) -> None:
    organization_id = await make_organization(db)
    log, who = AuditLog(db), somebody(organization_id)
    removal = Event(Action.FILE_REMOVED, file_id=new_id())

    async def act() -> None:
        async with db.transaction(organization_id) as tx:
            await log.record(tx, who, removal)
            await log.record_refusal(who, removal)
            raise RefusedError

    with pytest.raises(RefusedError):
        await act()
    (row,) = await events_of(db, organization_id)
    assert row["outcome"] == "refused"
    assert row["file_id"] == removal.file_id


async def test_an_actor_of_another_organisation_is_refused(db: Database) -> None:
    here, there = await make_organization(db), await make_organization(db)
    async with db.transaction(here) as tx:
        with pytest.raises(ValueError, match="own organisation"):
            await AuditLog(db).record(tx, somebody(there), LISTED)
    assert await events_of(db, here) == await events_of(db, there) == []


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_events set actor_kind = 'nobody'",
        "delete from audit_events",
        "truncate audit_events cascade",
        "update audit_seals set position = position + 1",
        "delete from audit_seals",
        "truncate audit_seals",
        "alter table audit_events disable row level security",
        "alter table audit_events disable trigger all",
        "drop table audit_seals",
    ],
)
async def test_the_application_cannot_take_anything_back(db: Database, statement: str) -> None:
    organization_id = await make_organization(db)
    await AuditLog(db).record_refusal(somebody(organization_id), LISTED)
    before = await events_of(db, organization_id)

    async def rewrite() -> None:
        async with db.transaction(organization_id) as tx:
            await tx.execute(statement)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await rewrite()
    assert await events_of(db, organization_id) == before
