"""How often is struck, at what, and whom it befalls.

`FAULT_RUNS=300` strikes so often, over all scenarios. Without it, each act of a server is struck
twice, and some of the commands once; the seed says which. `FAULT_SEED` repeats a run, whose seed is
printed when it fails.
"""

import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import msgspec
import pytest

from casekeep.files.removal import remove_file
from casekeep.http.house import House
from casekeep.retention.commanding import purge_file
from tests.faults.acting import Orders, Place
from tests.faults.acts import SCENARIOS, contents, digest, keep
from tests.faults.points import VICTIMS, Victim
from tests.faults.struck import Actors, Outcome
from tests.support.factories import make_case, make_clinician, make_organization
from tests.support.house import purging

COMMANDS = (
    "move, disk to disk",
    "move, disk to bucket",
    "move, bucket to disk",
    "backup",
    "restore",
    "rotate the organisation's key",
    "rotate the deployment's key",
    "import",
    "worker",
)
SEED = int(os.environ["FAULT_SEED"])  # set by tests/support/collecting.py, unless by hand
SHARE = -(-int(os.environ.get("FAULT_RUNS", "0")) // (len(SCENARIOS) + len(COMMANDS)))
"""Strikes for each scenario; 0 for no more than a glance at some of them."""
_GLANCED_AT = random.Random(SEED).sample(COMMANDS, 2)
_TRIES = 3
Test = TypeVar("Test", bound=Callable[..., Any])


class Strike(NamedTuple):
    """At which moment whom it befalls; `seed`: of what is received in that run."""

    at: int
    victim: Victim
    seed: int


QUIET = Strike(0, "process", SEED)
"""No strike at all, to count the moments that there are."""


def of_command(scenario: str) -> Callable[[Test], Test]:
    """Says which command a test strikes, in words in which its parameters stand in braces."""

    def mark(test: Test) -> Test:
        vars(test)["scenario"] = scenario
        return test

    return mark


def is_passed_over(item: pytest.Item) -> bool:
    """Whether the test is of a command that this run does not glance at."""
    words = vars(getattr(item, "function", None) or is_passed_over).get("scenario")
    if words is None or SHARE:
        return False
    callspec = getattr(item, "callspec", None)
    scenario = words.format(**(callspec.params if callspec else {}))
    assert scenario in COMMANDS
    return scenario not in _GLANCED_AT


def strikes(scenario: str, points: int) -> Iterator[Strike]:
    """The strikes of one scenario that has so many moments, each printed, to be shown with a
    failure.
    """
    assert points > 0
    chooser = random.Random(f"{SEED} {scenario}")
    first = chooser.randrange(len(VICTIMS))
    count = SHARE or (1 if scenario in COMMANDS else 2)
    victims = itertools.islice(itertools.cycle(VICTIMS), first, first + count)
    for number, victim in enumerate(victims, start=1):
        strike = Strike(chooser.randint(1, points), victim, SEED + number)
        print(f"FAULT_SEED={SEED}: {scenario}, {victim}, at {strike.at}")  # noqa: T201 - see above
        yield strike


async def newcomer(house: House, place: Place, scenario: str, seed: int) -> Orders:
    """Orders for an organisation of its own, with a clinician and a case; no strike yet."""
    organization_id = await make_organization(house.db)
    clinician = await make_clinician(house.db, organization_id)
    case = await make_case(house.db, organization_id, clinician_id=clinician.user_id)
    return Orders(place, scenario, seed, organization_id, clinician.user_id, case.id)


def struck(orders: Orders, strike: Strike) -> Orders:
    return msgspec.structs.replace(orders, strike_at=strike.at, victim=strike.victim)


async def keep_some(house: House, orders: Orders, outcome: Outcome) -> None:
    """Some files that are there before the strike."""
    for content in contents(orders.seed):
        outcome.kept[await keep(house, orders, content)] = digest(content)


async def go_on_beside(house: House, orders: Orders, outcome: Outcome) -> None:
    """What a server does beside a command, until the database is struck: it receives a file, and
    purges another.
    """
    with suppress(Exception):  # what was not acknowledged may be there or not
        old, new = next(iter(outcome.kept)), contents(orders.seed + 1000)[1]
        outcome.kept[await keep(house, orders, new)] = digest(new)
        await remove_file(house.db, house.audit, orders.clinician(), old)
        outcome.removed.add(old)
        if (await purge_file(purging(house), orders.operator(), old)).finished:
            outcome.purged.add(old)


async def finish(actors: Actors, orders: Orders) -> None:
    """Run a command again, as an operator would, until it succeeds."""
    for _ in range(_TRIES):
        if (await actors.act(orders)).status == 0:
            return
    raise AssertionError(f"{orders.words} never ends: {actors.log.read_text()[-2000:]}")
