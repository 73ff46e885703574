"""Another process of Casekeep, for tests: starts or joins the server of a data folder, says so on
its standard output, and leaves when its standard input ends.

Usage: python -m tests.db.peer FOLDER keep|visit [USER ID]
"""

import codecs
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
        become(uid)
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


def become(uid: int) -> None:
    """Be another user. Only now: the interpreter may lie where nobody but root can read it, and so
    everything that it loads late is loaded before.
    """
    for encoding in ("ascii", "utf-8", "idna", "latin-1", "unicode_escape"):
        codecs.lookup(encoding)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
