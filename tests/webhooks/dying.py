"""A worker that will be killed while it waits for a receiver's answer.

Usage: python -m tests.webhooks.dying DSN
"""

import asyncio
import sys
from datetime import timedelta
from functools import partial

from casekeep.audit.log import AuditLog
from casekeep.db.database import Database
from casekeep.jobs.queue import JobName
from casekeep.jobs.running import Runner
from casekeep.webhooks.delivering import Delivering, deliver
from casekeep.webhooks.sending import Sender
from tests.webhooks.test_delivering import HOME, PACING, SECRETS, write_body


async def main() -> None:
    db = await Database.connect(sys.argv[1], size=2)
    lease = timedelta(seconds=3)
    parts = Delivering(db, AuditLog(db), SECRETS, Sender(HOME), write_body, lease=lease)
    Runner(db, {JobName.DELIVER_WEBHOOK: partial(deliver, parts)}, PACING).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
