import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from casekeep.audit.log import AuditLog
from casekeep.cases.listing import DEEPEST, LARGEST_PAGE, list_cases
from casekeep.cases.model import (
    AnalysisState,
    Case,
    CaseFilter,
    CaseList,
    CaseOrder,
    CaseSort,
    NewCase,
    PageAsked,
)
from casekeep.cases.opening import open_case
from casekeep.db.database import Database
from casekeep.identity.model import Actor, Clinician, Operator, Partner
from casekeep.kernel.errors import InputNotValid, RoleNotAllowed
from casekeep.kernel.ids import ApiKeyId, new_id
from tests.support.factories import (
    make_administrator,
    make_clinician,
    make_organization,
    make_patient,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ALL = CaseFilter()
NEWEST = CaseOrder()
EVERY_ORDER = [CaseOrder(by, descending) for by in CaseSort for descending in (True, False)]


async def clinician_of(db: Database) -> Clinician:
    return await make_clinician(db, await make_organization(db))


async def opened(
    db: Database, clinician: Clinician, name: str = "Pat", *, minutes: int = 0, **of: str
) -> Case:
    new = NewCase(name, 44, "female", **of)
    async with db.transaction(clinician.organization_id) as tx:
        return await open_case(
            tx, AuditLog(db), clinician, new, at=NOON + timedelta(minutes=minutes)
        )


async def listed(
    db: Database,
    actor: Actor,
    wanted: CaseFilter = ALL,
    order: CaseOrder = NEWEST,
    page: PageAsked | None = None,
) -> CaseList:
    return await list_cases(db, AuditLog(db), actor, wanted, order, page)


async def names(db: Database, actor: Actor, **wanted: object) -> set[str]:
    found = await listed(db, actor, CaseFilter(**wanted))  # type: ignore[arg-type]
    return {case.patient_name for case in found.cases}


async def set_state(db: Database, case: Case, state: AnalysisState) -> None:
    async with db.transaction(case.organization_id) as tx:
        await tx.execute(
            "update cases set analysis_state = $3 where organization_id = $1 and id = $2",
            case.organization_id,
            case.id,
            state,
        )


async def test_all_cases_of_a_clinician_come_newest_first(db: Database) -> None:
    clinician = await clinician_of(db)
    colleague = await make_clinician(db, clinician.organization_id)
    mine = [await opened(db, clinician, minutes=minutes) for minutes in (5, 1, 9, 9)]
    await opened(db, colleague)
    found = await listed(db, clinician)
    assert found == CaseList((mine[3], mine[2], mine[0], mine[1]), 4, None)
    everything = await listed(db, Operator(clinician.organization_id))
    assert (everything.total, len(everything.cases)) == (5, 5)
    assert await listed(db, await clinician_of(db)) == CaseList((), 0, None)


async def test_nobody_but_staff_lists_cases(db: Database) -> None:
    clinician = await clinician_of(db)
    await opened(db, clinician)
    organization_id = clinician.organization_id
    for actor in (
        await make_administrator(db, organization_id),
        await make_patient(db, organization_id),
        Partner(organization_id, ApiKeyId(new_id())),
    ):
        with pytest.raises(RoleNotAllowed):
            await listed(db, actor)


@pytest.mark.parametrize("order", EVERY_ORDER)
async def test_pages_hold_every_case_once_in_every_order(db: Database, order: CaseOrder) -> None:
    clinician = await clinician_of(db)
    states = [AnalysisState.FAILED, AnalysisState.PENDING]
    for number, name in enumerate(["Zoe", "amy", "Bob", "amy", "Émile", "zoe", "Amy"]):
        case = await opened(db, clinician, name, minutes=number % 3)
        await set_state(db, case, states[number % 2])
    whole = await listed(db, clinician, ALL, order)
    assert whole.total == len(whole.cases) == 7
    for limit in (1, 2, 3, 6, 7, 200):
        seen: list[Case] = []
        after: str | None = None
        while True:
            page = await listed(db, clinician, ALL, order, PageAsked(limit, after=after))
            assert page.total == 7
            assert len(page.cases) <= limit
            seen += page.cases
            after = page.next_after
            if after is None:
                break
        assert tuple(seen) == whole.cases
        numbered = [
            case
            for skip in range(0, 7, limit)
            for case in (await listed(db, clinician, ALL, order, PageAsked(limit, skip))).cases
        ]
        assert tuple(numbered) == whole.cases


@pytest.mark.parametrize("order", EVERY_ORDER)
async def test_an_order_is_one(db: Database, order: CaseOrder) -> None:
    clinician = await clinician_of(db)
    for number, name in enumerate(["Zoe", "amy", "Bob"]):
        await set_state(
            db, await opened(db, clinician, name, minutes=-number), [*AnalysisState][number]
        )
    cases = (await listed(db, clinician, ALL, order)).cases
    by = {
        CaseSort.CREATED_AT: lambda case: case.created_at,
        CaseSort.UPDATED_AT: lambda case: case.updated_at,
        CaseSort.PATIENT_NAME: lambda case: case.patient_name.lower(),
        CaseSort.STATUS: lambda case: case.analysis_state,
        CaseSort.ID: lambda case: case.number,
    }[order.by]
    for one, other in pairwise(cases):
        assert by(one) > by(other) if order.descending else by(one) < by(other)


async def test_pages_stay_exact_while_cases_are_opened(db: Database) -> None:
    """What is new comes before the first page, and pushes nothing twice onto the next."""
    clinician = await clinician_of(db)
    before = [await opened(db, clinician, minutes=number) for number in range(9)]
    seen: list[Case] = []
    after: str | None = None
    while True:
        page = await listed(db, clinician, ALL, NEWEST, PageAsked(2, after=after))
        seen += page.cases
        after = page.next_after
        if after is None:
            break
        await asyncio.gather(*(opened(db, clinician, minutes=60) for _ in range(3)))
    assert seen == before[::-1]


async def test_a_case_that_goes_takes_no_other_with_it(db: Database) -> None:
    clinician = await clinician_of(db)
    cases = [await opened(db, clinician, f"Pat {number}", minutes=number) for number in range(6)]
    for order in (NEWEST, CaseOrder(CaseSort.PATIENT_NAME)):
        page = await listed(db, clinician, ALL, order, PageAsked(2))
        async with db.transaction(clinician.organization_id) as tx:
            await tx.execute(
                "update cases set deleted_at = now() where organization_id = $1 and id = any($2)",
                clinician.organization_id,
                [case.id for case in page.cases],
            )
        rest = await listed(db, clinician, ALL, order, PageAsked(200, after=page.next_after))
        assert [*page.cases, *rest.cases] == cases[::-1]
        cases = cases[:-2]


async def test_a_filter_counts_what_it_lets_through(db: Database) -> None:
    clinician = await clinician_of(db)
    for number in range(5):
        case = await opened(db, clinician, minutes=number)
        if number % 2:
            await set_state(db, case, AnalysisState.ARCHIVED)
    wanted = CaseFilter(analysis_state=AnalysisState.ARCHIVED)
    assert (await listed(db, clinician, wanted)).total == 2
    page = await listed(db, clinician, wanted, NEWEST, PageAsked(1))
    assert (page.total, len(page.cases), page.next_after is None) == (2, 1, False)
    assert (await listed(db, clinician, wanted, NEWEST, PageAsked(5, 2))).total == 2


async def test_dates_are_from_and_until(db: Database) -> None:
    clinician = await clinician_of(db)
    for number in range(3):
        await opened(db, clinician, str(number), minutes=number)
    first, second = NOON, NOON + timedelta(minutes=1)
    assert await names(db, clinician, since=second) == {"1", "2"}
    assert await names(db, clinician, until=second) == {"0"}
    assert await names(db, clinician, since=first, until=second) == {"0"}
    assert await names(db, clinician, since=second, until=first) == set()


async def test_a_search_finds_parts_of_names_and_summaries_in_any_case(db: Database) -> None:
    clinician = await clinician_of(db)
    await opened(db, clinician, "Ärzte-Test Müller", summary="Fatigue")
    await opened(db, clinician, "Bob Stone", summary="Cough, then FATIGUE")
    case = await opened(db, clinician, "Cara Long")
    assert await names(db, clinician, search="müLL") == {"Ärzte-Test Müller"}
    assert await names(db, clinician, search="ÄRZTE") == {"Ärzte-Test Müller"}
    assert await names(db, clinician, search="fatigue") == {"Ärzte-Test Müller", "Bob Stone"}
    assert await names(db, clinician, search=str(case.number)) == {"Cara Long"}
    assert await names(db, clinician, search=str(case.number)[:-1]) == set()
    assert await names(db, clinician, search="9" * 30) == set()
    assert await names(db, clinician, search="٣") == set()


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("%", {"100% sure"}),
        ("0%", {"100% sure"}),
        ("_", {"snake_case"}),
        ("e_c", {"snake_case"}),
        ("\\", {"back\\slash"}),
        ("k\\s", {"back\\slash"}),
        ("\\%", set()),
        ("%%", set()),
        ("'; drop table cases; --", set()),
        ("{}", {"curly {} brace"}),
        ("$1", set()),
    ],
)
async def test_a_search_means_what_it_says(db: Database, search: str, found: set[str]) -> None:
    clinician = await clinician_of(db)
    for name in ("100% sure", "snake_case", "back\\slash", "curly {} brace", "plain"):
        await opened(db, clinician, name)
    assert await names(db, clinician, search=search) == found


@pytest.mark.parametrize(
    "page",
    [
        PageAsked(0),
        PageAsked(LARGEST_PAGE + 1),
        PageAsked(10, -1),
        PageAsked(10, DEEPEST + 1),
        PageAsked(10, after=""),
        PageAsked(10, after="x"),
        PageAsked(10, after="ä"),
        PageAsked(10, after=urlsafe_b64encode(b"[]").decode()),
    ],
)
async def test_a_page_that_cannot_be_is_refused(db: Database, page: PageAsked) -> None:
    with pytest.raises(InputNotValid):
        await listed(db, await clinician_of(db), ALL, NEWEST, page)


@pytest.mark.parametrize(
    "place",
    [None, "created", 2**63, -(2**62), 1.5, True, [1]],
)
@pytest.mark.parametrize("by", ["created_at", "status", "id", "patient_name", "nothing"])
async def test_a_forged_cursor_is_refused_or_leads_nowhere_else(
    db: Database, by: str, place: object
) -> None:
    clinician = await clinician_of(db)
    await opened(db, clinician)
    forged = urlsafe_b64encode(msgspec.json.encode([by, True, str(new_id()), place])).decode()
    order = CaseOrder(CaseSort(by)) if by in set(CaseSort) else NEWEST
    try:
        page = await listed(db, clinician, ALL, order, PageAsked(5, after=forged))
    except InputNotValid:
        return
    assert len(page.cases) <= 1


async def test_a_cursor_belongs_to_one_order(db: Database) -> None:
    clinician = await clinician_of(db)
    for _ in range(3):
        await opened(db, clinician)
    for order in EVERY_ORDER:
        after = (await listed(db, clinician, ALL, order, PageAsked(1))).next_after
        for other in EVERY_ORDER:
            if other != order:
                with pytest.raises(InputNotValid):
                    await listed(db, clinician, ALL, other, PageAsked(1, after=after))


async def test_a_cursor_says_nothing_of_a_patient_and_grants_nothing(db: Database) -> None:
    clinician = await clinician_of(db)
    colleague = await make_clinician(db, clinician.organization_id)
    for name in ("Hester Prynne", "Ishmael"):
        await opened(db, clinician, name)
        await opened(db, colleague, name)
    by_name = CaseOrder(CaseSort.PATIENT_NAME)
    after = (await listed(db, clinician, ALL, by_name, PageAsked(1))).next_after
    assert after is not None
    assert b"ishmael" not in urlsafe_b64decode(after + "==").lower()
    with pytest.raises(InputNotValid):
        await listed(db, colleague, ALL, by_name, PageAsked(1, after=after))
    newest = (await listed(db, clinician, ALL, NEWEST, PageAsked(1))).next_after
    theirs = await listed(db, colleague, ALL, NEWEST, PageAsked(9, after=newest))
    assert {case.clinician_id for case in theirs.cases} <= {colleague.user_id}


async def test_a_list_is_in_the_audit_with_its_length(db: Database) -> None:
    clinician = await clinician_of(db)
    await opened(db, clinician)
    audit = AuditLog(db)
    await list_cases(db, audit, clinician, ALL, NEWEST)
    await audit.close()
    admin = await make_administrator(db, clinician.organization_id)
    with pytest.raises(RoleNotAllowed):
        await listed(db, admin)
    async with db.transaction(clinician.organization_id) as tx:
        rows = await tx.fetch(
            """select actor_id, outcome, details from audit_events
               where organization_id = $1 and action = 'cases.listed' order by occurred_at""",
            clinician.organization_id,
        )
    assert [tuple(row) for row in rows] == [
        (clinician.user_id, "done", '{"count": 1}'),
        (admin.user_id, "refused", "{}"),
    ]
