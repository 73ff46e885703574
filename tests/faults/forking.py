"""Acts as a server or a command does, and may be struck on the way: each time in a process forked
from this one, which has loaded everything and does nothing else. It takes orders as lines of JSON,
and writes a line for all that is said, and one at the end.
"""

import asyncio
import os
import sys

import msgspec

from casekeep.cli.main import main as run_command_line
from casekeep.http.logs import configure_logging
from tests.faults.acting import Orders, say
from tests.faults.acts import SCENARIOS
from tests.faults.points import Points, strike_on

_CRASHED = 70


def act(orders: Orders) -> None:
    """Do what is ordered, and say how many moments there were to be struck at."""
    place = orders.place
    strike = strike_on(orders.victim, place.cluster, place.owner_dsn)
    points = Points(orders.strike_at, strike)
    say("acting", number=os.getpid())
    if orders.words:
        points.arm()
        say("done", number=_exit_status(orders))
    else:
        asyncio.run(_act_in_house(orders, points))
    say("points", number=len(points.reached))


def _exit_status(orders: Orders) -> int:
    """That of the command; what it prints goes to standard error."""
    os.environ.update(orders.place.environment())
    sys.stdout = sys.stderr
    sys.argv = ["casekeep", *orders.words]
    try:
        run_command_line()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


async def _act_in_house(orders: Orders, points: Points) -> None:
    async with orders.place.house() as house:
        points.arm()
        try:
            await SCENARIOS[orders.scenario](house, orders)
        except Exception as error:  # noqa: BLE001 - what a struck database makes of an act
            say(f"failed: {type(error).__name__}")


def _fork(orders: Orders) -> int:
    """Act in a process of its own; the status that it ended with."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    try:
        act(orders)
    except BaseException:  # noqa: BLE001 - a fork never goes on as what it came from
        sys.excepthook(*sys.exc_info())
        os._exit(_CRASHED)
    os._exit(0)


def main() -> None:
    configure_logging()  # to standard error
    for line in sys.stdin.buffer:
        say("ended", number=_fork(msgspec.json.decode(line, type=Orders)))


if __name__ == "__main__":
    main()
