"""Another process of Casekeep, for tests: starts or joins the server of a data folder, says so on
its standard output, and leaves when its standard input ends.

Usage: python -m tests.db.peer FOLDER keep|visit [USER ID]
"""

import json
import os
import sys
import time
from pathlib import Path

from casekeep.db.addresses import EmbeddedServer
from casekeep.db.errors import DatabaseNotUsable


def main() -> int:
    folder, how, *user = sys.argv[1:]
    for uid in map(int, user):
        # Here and not before: the interpreter itself may lie where only root can read it.
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    began = time.monotonic()
    with EmbeddedServer(Path(folder)) as server:
        try:
            addresses = server.start_or_join(keep=how == "keep")
        except DatabaseNotUsable as error:
            say({"refused": str(error)})
            return 1
        say(
            {
                "owner": addresses.owner_dsn,
                "superuser": addresses.superuser_dsn,
                "seconds": time.monotonic() - began,
            }
        )
        sys.stdin.read()
    return 0


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
