"""A file goes from state to state by the steps of one table, and by no other, whoever asks."""

import asyncio
from itertools import product
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from casekeep.cases.model import CaseFacts
from casekeep.db.database import Database, Tx
from casekeep.files import queries, queries_receiving, queries_trash
from casekeep.files.life import STEPS, Life, becoming, being
from casekeep.files.model import Category, Marks, Received
from casekeep.files.queries_receiving import Keeping, Placed
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import FileId, OrganizationId, new_id
from casekeep.retention import queries_purging
from tests.support.database import TestServer
from tests.support.factories import make_case, make_organization

_GONE = """state = '{}', name = null, url_path = null, media_type = null, size = null,
           sha256 = null, patient_id = null, uploaded_by = null, deleted_at = now()"""
_AS = {
    Life.RECEIVING: "state = 'receiving'",
    Life.DISCARDED: "state = 'discarded'",
    Life.STORED: "state = 'stored', deleted_at = null",
    Life.REMOVED: "state = 'stored', deleted_at = now()",
    Life.PURGING: _GONE.format("purging"),
    Life.PURGED: _GONE.format("purged"),
}
_ROW = """
    insert into files (id, organization_id, case_id, name, url_path, media_type, size, sha256,
                       is_phi, state, receiver, deleted_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, true, $9, 0, $10)"""


async def make_row(tx: Tx, case: CaseFacts, life: Life) -> FileId:
    """A file that stands at `life`, written as such."""
    file_id, now = FileId(new_id()), utc_now()
    gone = life in {Life.PURGING, Life.PURGED}
    state = "stored" if life is Life.REMOVED else life.value
    known = (None,) * 5 if gone else ("a.pdf", f"/files/{file_id}", "text/csv", 3, bytes(32))
    removed_at = now if gone or life is Life.REMOVED else None
    await tx.execute(_ROW, file_id, tx.organization_id, case.id, *known, state, removed_at)
    return file_id


async def life_of(tx: Tx, file_id: FileId) -> Life | None:
    """Where a file stands, by the conditions that statements are made from; None without a row."""
    found = [
        life
        for life in Life
        if await tx.fetch_value(
            f"select true from files where organization_id = $1 and id = $2 and {being(life)}",
            tx.organization_id,
            file_id,
        )
    ]
    assert len(found) <= 1, "the conditions overlap"
    return found[0] if found else None


@pytest.mark.parametrize(("was", "to"), [pair for pair in product(Life, Life) if len({*pair}) == 2])
async def test_the_database_takes_the_steps_of_the_table_and_no_other(
    db: Database, was: Life, to: Life
) -> None:
    case = await make_case(db, await make_organization(db))
    async with db.transaction(case.organization_id) as tx:
        file_id = await make_row(tx, case, was)
    step = f"update files set {_AS[to]} where id = $1"
    if to in STEPS[was]:
        async with db.transaction(case.organization_id) as tx:
            assert await tx.execute(step, file_id) == 1
            assert await life_of(tx, file_id) is to
        return
    with pytest.raises(asyncpg.CheckViolationError, match="does not go from"):
        async with db.transaction(case.organization_id) as tx:
            await tx.execute(step, file_id)
    with pytest.raises(ValueError, match="does not go from"):
        becoming(was, to)


@pytest.mark.parametrize(
    "forgotten", ["name = 'a.pdf'", "size = 1", "sha256 = decode('00', 'hex')"]
)
async def test_a_tombstone_says_nothing_of_what_it_was(db: Database, forgotten: str) -> None:
    case = await make_case(db, await make_organization(db))
    async with db.transaction(case.organization_id) as tx:
        file_id = await make_row(tx, case, Life.PURGED)
    with pytest.raises(asyncpg.CheckViolationError):
        async with db.transaction(case.organization_id) as tx:
            await tx.execute(f"update files set {forgotten} where id = $1", file_id)


async def _keep(tx: Tx, case: CaseFacts, file_id: FileId) -> None:
    received = Received(file_id, "a.pdf", "application/pdf", 3, bytes(32), Category.LAB)
    keeping = Keeping(case.id, None, Marks(is_phi=True), utc_now())
    await queries_receiving.keep(tx, keeping, [Placed(received, Category.LAB, f"/files/{file_id}")])


async def _purge(tx: Tx, _: CaseFacts, file_id: FileId) -> None:
    await queries_purging.begin_purging(tx, [file_id], None, utc_now(), without_key=())


async def _finish(tx: Tx, _: CaseFacts, file_id: FileId) -> None:
    await queries_purging.finish(tx, [file_id], ["{}"], utc_now())


_ACTS: dict[str, tuple[Life, Life | None, Any]] = {
    "keep": (Life.RECEIVING, Life.STORED, _keep),
    "give up": (
        Life.RECEIVING,
        Life.DISCARDED,
        lambda tx, _, file_id: queries_receiving.mark_discarded(tx, [file_id]),
    ),
    "clear away": (
        Life.DISCARDED,
        None,
        lambda tx, _, file_id: queries_receiving.delete_discarded(tx, [file_id]),
    ),
    "remove": (
        Life.STORED,
        Life.REMOVED,
        lambda tx, _, file_id: queries.mark_removed(tx, file_id, None, utc_now()),
    ),
    "remove by schedule": (
        Life.STORED,
        Life.REMOVED,
        lambda tx, _, file_id: queries_purging.remove_scheduled(tx, [file_id], utc_now()),
    ),
    "restore": (
        Life.REMOVED,
        Life.STORED,
        lambda tx, _, file_id: queries_trash.mark_restored(tx, file_id, utc_now()),
    ),
    "purge": (Life.REMOVED, Life.PURGING, _purge),
    "finish": (Life.PURGING, Life.PURGED, _finish),
}
"""What the rooms do to a file: from where, to where, and the statement. Asked of a file that stands
elsewhere, each changes nothing.
"""


class Acts(RuleBasedStateMachine):
    """Some files of a clinic, and where each must stand; on an event loop of its own."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self.dsn = dsn
        self.runner = asyncio.Runner()
        self.model: dict[FileId, Life | None] = {}

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        self.db: Database = self.run(Database.connect(self.dsn, size=1))
        self.case: CaseFacts = self.run(self.make())

    async def make(self) -> CaseFacts:
        return await make_case(self.db, await make_organization(self.db))

    @property
    def organization_id(self) -> OrganizationId:
        return self.case.organization_id

    @rule()
    def receive(self) -> None:
        if len(self.model) < 4:
            self.run(self.begin())

    async def begin(self) -> None:
        file_id = FileId(new_id())
        async with self.db.transaction(self.organization_id) as tx:
            await queries_receiving.insert_receiving(
                tx, file_id, "a.pdf", receiver=0, uploaded_by=None
            )
        self.model[file_id] = Life.RECEIVING

    @rule(act=st.sampled_from(sorted(_ACTS)), which=st.integers(0, 3))
    def act(self, act: str, which: int) -> None:
        if which < len(self.model):
            self.run(self.ask(act, [*self.model][which]))

    async def ask(self, act: str, file_id: FileId) -> None:
        was, to, work = _ACTS[act]
        async with self.db.transaction(self.organization_id) as tx:
            await work(tx, self.case, file_id)
            if self.model[file_id] is was:
                self.model[file_id] = to
            for each, expected in self.model.items():
                assert await life_of(tx, each) is expected, act

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.run(self.db.close())
        self.runner.close()


def test_every_act_on_files_keeps_to_the_table(test_server: TestServer) -> None:
    """Whatever is asked in whatever order, by the very statements that the rooms use."""

    run_state_machine_as_test(
        lambda: Acts(test_server.application_dsn),
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
