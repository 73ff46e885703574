"""Every module keeps the house rules."""

import pytest

from tests.architecture.rules import EVERYWHERE, IN_THE_HOUSE, Rule
from tests.architecture.source import all_modules, house_modules


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    complaints = [each for module in all_modules() for each in rule(module)]

    assert not complaints, "\n" + "\n".join(complaints)


@pytest.mark.parametrize("rule", IN_THE_HOUSE, ids=lambda rule: rule.__name__)
def test_the_program_keeps_the_rule(rule: Rule) -> None:
    complaints = [each for module in house_modules() for each in rule(module)]

    assert not complaints, "\n" + "\n".join(complaints)


def test_there_is_a_house_to_look_at() -> None:
    names = {module.name for module in house_modules()}

    assert {"casekeep", "casekeep.kernel.clock", "casekeep.db.database"} <= names
