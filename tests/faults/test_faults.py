"""Struck at every moment at which something becomes lasting: nothing that was acknowledged is lost,
nothing that was refused is seen, and neither rows nor bytes are left over.
"""

import pytest

from casekeep.kernel.ids import OrganizationId
from tests.faults.acts import SCENARIOS
from tests.faults.order import demand_order
from tests.faults.places import Ground, made_place
from tests.faults.runs import QUIET, Strike, newcomer, strikes, struck
from tests.faults.struck import Actors, Outcome


async def run(ground: Ground, actors: Actors, scenario: str, strike: Strike) -> Outcome:
    """One run, in a house of its own."""
    async with made_place(ground) as place, place.house() as house:
        orders = await newcomer(house, place, scenario, strike.seed)
        outcome = await actors.act(struck(orders, strike))
        await demand_order(house, OrganizationId(orders.organization_id), outcome)
    return outcome


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.timeout(3600)
async def test_a_strike_loses_nothing_and_leaves_nothing(
    ground: Ground, actors: Actors, scenario: str
) -> None:
    """Strikes the server and its database by turns."""
    quiet = await run(ground, actors, scenario, QUIET)
    assert not quiet.failed
    for strike in strikes(scenario, quiet.points):
        await run(ground, actors, scenario, strike)
