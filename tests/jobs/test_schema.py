"""The schema that the migration lays is the one that the installed pgqueuer works with."""

import asyncpg
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgDriver

from casekeep.jobs.schema import CHANNEL, queries_over
from tests.support.database import TestServer


async def test_pgqueuer_would_change_no_more_than_its_function_s_words(
    test_server: TestServer,
) -> None:
    """Its function is compared by its text, and ours says the same in fewer words."""
    owner = await asyncpg.connect(test_server.owner_dsn)
    try:
        plan = await queries_over(AsyncpgDriver(owner)).plan_upgrade()
    finally:
        await owner.close()
    left = [each for each in plan.statements if "FUNCTION fn_pgqueuer_changed" not in each]
    left = [each for each in left if "FUNCTION public.fn_pgqueuer_changed" not in each]
    assert (left, plan.notes) == ([], ())


async def test_the_application_s_role_sees_all_that_a_runner_looks_for(
    test_server: TestServer,
) -> None:
    connection = await asyncpg.connect(test_server.application_dsn)
    try:
        driver = AsyncpgDriver(connection)
        await QueueManager(queries_over(driver), channel=CHANNEL).verify_structure()
    finally:
        await connection.close()
