import asyncio

import pytest

from casekeep.audit.log import AuditLog
from casekeep.cases.assigning import assign_case, list_for_assigning
from casekeep.cases.assignment import CaseLines
from casekeep.cases.changing import change_case
from casekeep.cases.listing import list_cases
from casekeep.cases.model import Case, CaseChange, CaseFacts, CaseFilter, CaseOrder, Stage
from casekeep.cases.queries import find_case, has_case_in_work
from casekeep.cases.removal import remove_case
from casekeep.db.database import Database
from casekeep.identity.accounts import disable_user
from casekeep.identity.model import Actor, Clinician, Operator, Partner
from casekeep.kernel.errors import CaseNotVisible, InputNotValid, RoleNotAllowed
from casekeep.kernel.ids import (
    ApiKeyId,
    CaseId,
    CaseNumber,
    CaseRef,
    UserId,
    WebhookId,
    new_id,
)
from casekeep.webhooks.addresses import Allowed, networks_of
from casekeep.webhooks.model import NewWebhook, WebhookEvent
from casekeep.webhooks.registering import add_webhook
from casekeep.webhooks.replaying import list_deliveries
from casekeep.webhooks.secrets import WebhookSecrets
from tests.cases.events import events
from tests.support.factories import (
    make_administrator,
    make_case,
    make_clinician,
    make_organization,
    make_patient,
)

SECRETS = WebhookSecrets(b"the tests' key of 32 bytes is it")


async def nobodys_case(db: Database) -> tuple[Operator, Clinician, CaseFacts]:
    """A case without a clinician, and a clinician without a case."""
    organization_id = await make_organization(db)
    patient = await make_patient(db, organization_id)
    case = await make_case(db, organization_id, patient_id=patient.user_id)
    return Operator(organization_id), await make_clinician(db, organization_id), case


async def assign(db: Database, actor: Actor, ref: CaseRef, to: UserId) -> Case:
    return await assign_case(db, AuditLog(db), actor, ref, to)


async def whole(db: Database, case: CaseFacts) -> Case:
    async with db.transaction(case.organization_id) as tx:
        found = await find_case(tx, case.id)
    assert found is not None
    return found


async def cases_of(db: Database, clinician: Clinician) -> list[CaseId]:
    found = await list_cases(db, AuditLog(db), clinician, CaseFilter(), CaseOrder())
    return [case.id for case in found.cases]


async def lines(db: Database, actor: Actor, **asked: object) -> CaseLines:
    return await list_for_assigning(db, AuditLog(db), actor, **asked)  # type: ignore[arg-type]


async def test_a_clinician_is_given_a_case(db: Database) -> None:
    operator, clinician, case = await nobodys_case(db)
    before = await whole(db, case)
    assert await cases_of(db, clinician) == []
    assigned = await assign(db, operator, case.number, clinician.user_id)
    assert assigned == await whole(db, case)
    assert (assigned.clinician_id, assigned.stage) == (clinician.user_id, Stage.ASSIGNED)
    assert assigned.updated_at > before.updated_at
    assert await cases_of(db, clinician) == [case.id]
    async with db.transaction(operator.organization_id) as tx:
        rows = await tx.fetch(
            """select action, actor_kind, case_id, subject_id, details from audit_events
               where organization_id = $1 order by occurred_at, id""",
            operator.organization_id,
        )
        assert case.patient_id is not None
        assert await has_case_in_work(tx, case.patient_id)
    assert [tuple(row) for row in rows] == [
        ("case.assigned", "operator", case.id, clinician.user_id, "{}"),
        ("case.changed", "operator", case.id, None, '{"stage": "ASSIGNED"}'),
    ]


async def test_the_same_clinician_again_changes_nothing(db: Database) -> None:
    operator, clinician, case = await nobodys_case(db)
    first = await assign(db, operator, case.id, clinician.user_id)
    opened = await make_case(db, operator.organization_id, clinician_id=clinician.user_id)
    before = await whole(db, opened), await events(db, operator.organization_id)
    assert await assign(db, operator, case.id, clinician.user_id) == first
    assert await assign(db, operator, opened.id, clinician.user_id) == before[0]
    assert (await whole(db, opened), await events(db, operator.organization_id)) == before


async def test_of_two_assignments_at_once_one_is_recorded(db: Database) -> None:
    operator, clinician, case = await nobodys_case(db)
    await asyncio.gather(*(assign(db, operator, case.id, clinician.user_id) for _ in range(4)))
    recorded = await events(db, operator.organization_id)
    assert recorded == [("case.assigned", "done"), ("case.changed", "done")]


@pytest.mark.parametrize("stage", [each for each in Stage if each is not Stage.OPEN])
async def test_another_clinician_takes_over_at_the_stage_it_is_in(
    db: Database, stage: Stage
) -> None:
    operator, first, case = await nobodys_case(db)
    second = await make_clinician(db, operator.organization_id)
    await assign(db, operator, case.id, first.user_id)
    await change_case(db, AuditLog(db), first, case.id, CaseChange(stage=stage))
    taken_over = await assign(db, operator, case.id, second.user_id)
    assert taken_over.stage is stage
    assert (await cases_of(db, first), await cases_of(db, second)) == ([], [case.id])


async def test_webhooks_are_told_of_the_new_stage_once(db: Database) -> None:
    operator, clinician, case = await nobodys_case(db)
    webhook_id = await _webhook(db, operator)
    for _ in range(2):
        await assign(db, operator, case.id, clinician.user_id)
    page = await list_deliveries(db, AuditLog(db), operator, webhook_id)
    told = [(each.event, each.case_id) for each in page.deliveries]
    assert told == [(WebhookEvent.STAGE_CHANGED, case.id)]


async def _webhook(db: Database, operator: Operator) -> WebhookId:
    allowed = Allowed(networks_of("127.0.0.0/8"))
    new = NewWebhook("a partner", "http://127.0.0.1:9/", tuple(WebhookEvent))
    webhook, _ = await add_webhook(db, AuditLog(db), SECRETS, allowed, actor=operator, new=new)
    return webhook.id


async def test_only_an_open_clinician_of_the_organisation_is_given_one(db: Database) -> None:
    operator, closed, case = await nobodys_case(db)
    organization_id = operator.organization_id
    await disable_user(db, AuditLog(db), organization_id, closed.user_id)
    assert case.patient_id is not None
    wanted = [
        closed.user_id,
        case.patient_id,
        (await make_administrator(db, organization_id)).user_id,
        (await make_clinician(db, await make_organization(db))).user_id,
        UserId(new_id()),
    ]
    before = await whole(db, case)
    for user_id in wanted:
        with pytest.raises(InputNotValid, match="a clinician whose account is open"):
            await assign(db, operator, case.id, user_id)
    assert await whole(db, case) == before


async def test_an_absent_deleted_or_foreign_case_is_not_assigned(db: Database) -> None:
    operator, clinician, removed = await nobodys_case(db)
    await remove_case(db, AuditLog(db), operator, removed.id)
    _, _, foreign = await nobodys_case(db)
    before = await whole(db, foreign)
    for ref in (removed.id, removed.number, foreign.id, CaseId(new_id()), CaseNumber(77)):
        with pytest.raises(CaseNotVisible):
            await assign(db, operator, ref, clinician.user_id)
    assert await whole(db, foreign) == before
    recorded = await events(db, operator.organization_id)
    assert recorded == [("case.removed", "done"), *[("case.assigned", "refused")] * 5]


async def test_nobody_but_the_operator_assigns_or_lists(db: Database) -> None:
    operator, clinician, case = await nobodys_case(db)
    organization_id = operator.organization_id
    others: list[Actor] = [
        clinician,
        await make_patient(db, organization_id),
        await make_administrator(db, organization_id),
        Partner(organization_id, ApiKeyId(new_id())),
    ]
    for actor in others:
        with pytest.raises(RoleNotAllowed):
            await assign(db, actor, case.id, clinician.user_id)
        with pytest.raises(RoleNotAllowed):
            await lines(db, actor)
    refused = [("case.assigned", "refused"), ("cases.listed", "refused")]
    assert await events(db, organization_id) == refused * len(others)
    assert (await whole(db, case)).clinician_id is None


async def test_cases_are_listed_newest_first_page_by_page(db: Database) -> None:
    operator, clinician, first = await nobodys_case(db)
    second = await make_case(db, operator.organization_id, clinician_id=clinician.user_id)
    third = await make_case(db, operator.organization_id)
    removed = await make_case(db, operator.organization_id)
    await remove_case(db, AuditLog(db), operator, removed.id)
    await nobodys_case(db)

    page = await lines(db, operator, most=2)
    assert [each.id for each in page.cases] == [third.id, second.id]
    assert [each.clinician_email for each in page.cases] == [
        None,
        f"{clinician.user_id.hex}@example.org",
    ]
    assert page.after == second.id
    rest = await lines(db, operator, most=2, after=page.after)
    assert ([each.id for each in rest.cases], rest.after) == ([first.id], None)
    nobodys = await lines(db, operator, unassigned=True)
    assert [each.id for each in nobodys.cases] == [third.id, first.id]
    behind = await lines(db, operator, unassigned=True, after=second.id)
    assert [each.id for each in behind.cases] == [first.id]


async def test_a_list_that_cannot_be_is_refused(db: Database) -> None:
    operator, _, _ = await nobodys_case(db)
    _, _, foreign = await nobodys_case(db)
    for asked in ({"most": 0}, {"most": 1001}, {"after": foreign.id}, {"after": new_id()}):
        with pytest.raises(InputNotValid):
            await lines(db, operator, **asked)
