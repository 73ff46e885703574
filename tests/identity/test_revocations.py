"""The connection that hears of revocations stays open for as long as the server answers."""

import asyncio
from uuid import UUID

from casekeep.db.database import Database
from casekeep.identity.queries_sign_ins import REVOKED
from casekeep.identity.revocations import Revocations
from casekeep.kernel.ids import new_id
from tests.support.factories import make_organization

BEAT = 0.01


class Heard:
    """What a listener is told."""

    def __init__(self) -> None:
        self.times_deaf = 0
        self.times_hearing = 0
        self.ids: asyncio.Queue[UUID] = asyncio.Queue()

    def revoked(self, revoked: UUID) -> None:
        self.ids.put_nowait(revoked)

    def hearing(self) -> None:
        self.times_hearing += 1

    def deaf(self) -> None:
        self.times_deaf += 1


async def test_many_beats_later_it_still_hears_on_the_same_connection(db: Database) -> None:
    heard = Heard()
    revocations = Revocations(db, heard, beat=BEAT)
    await revocations.start()
    try:
        await asyncio.sleep(20 * BEAT)
        revoked = new_id()
        async with db.transaction(await make_organization(db)) as tx:
            await tx.execute("select pg_notify($1, $2)", REVOKED, str(revoked))
        assert await asyncio.wait_for(heard.ids.get(), 5) == revoked
        assert (heard.times_hearing, heard.times_deaf) == (1, 0)
    finally:
        await revocations.close()
