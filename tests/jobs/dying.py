"""A process that takes a job and never gets done with it.

Usage: python -m tests.jobs.dying DSN
"""

import asyncio
import sys

from casekeep.db.database import Database
from casekeep.jobs.queue import JobName
from casekeep.jobs.running import Runner


async def never_done(*_: object) -> None:
    sys.stdout.write("busy\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def main() -> None:
    db = await Database.connect(sys.argv[1], size=2)
    Runner(db, {JobName.DELIVER_WEBHOOK: never_done}).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
