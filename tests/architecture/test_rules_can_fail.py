"""Each house rule catches what it is there to catch, and leaves its neighbour alone."""

import pytest

from tests.architecture import rules
from tests.architecture.rules import Rule
from tests.architecture.source import parse

VIOLATIONS: list[tuple[Rule, str, str]] = [
    (rules.file_size, "casekeep.files.long", "x = 1\n" * 401),
    (rules.function_size, "casekeep.files.long", "def f():\n" + "    x = 1\n" * 60),
    (rules.plain_module_name, "casekeep.files.file_utils", ""),
    (rules.plain_module_name, "casekeep.common.text", ""),
    (rules.opens_with_docstring, "casekeep.files.bare", "x = 1"),
    (rules.opens_with_docstring, "casekeep.files.chatty", '"""One. Two. Three. Four."""'),
    (rules.opens_with_docstring, "casekeep.files.unfinished", '"""no sentence at all"""'),
    (rules.exceptions_have_reasons, "casekeep.files.x", "x = 1  # noqa: E501"),
    (rules.exceptions_have_reasons, "casekeep.files.x", "x = 1  # type: ignore[misc]"),
    (rules.sql_in_its_place, "casekeep.files.listing", "q = 'select id from files'"),
    (rules.sql_in_its_place, "casekeep.files.listing", "q = 'select set_config($1, $2, true)'"),
    (rules.sql_in_its_place, "casekeep.files.listing", "q = f'''\n  update {t} set a = 1'''"),
    (rules.sql_in_its_place, "casekeep.files.listing", "q = 'with x as (select 1) table x'"),
    (rules.sql_in_its_place, "casekeep.identity.gate", "run('LISTEN casekeep_revoked')"),
    (rules.sql_in_its_place, "casekeep.cases.opening", "q = 'insert into ' 'cases values (1)'"),
    (rules.sql_in_its_place, "casekeep.cases.opening", "q = 'DELETE FROM cases'"),
    (rules.environment_in_its_place, "casekeep.files.x", "import os\nos.environ['A']"),
    (rules.environment_in_its_place, "casekeep.files.x", "from os import getenv"),
    (rules.clock_in_its_place, "casekeep.files.x", "datetime.now(UTC)"),
    (rules.clock_in_its_place, "casekeep.files.x", "datetime.datetime.utcnow()"),
    (rules.clock_in_its_place, "casekeep.files.x", "import time\ntime.time()"),
    (rules.clock_in_its_place, "casekeep.files.x", "from time import time"),
    (rules.print_in_its_place, "casekeep.files.x", "print('here')"),
    (rules.cancellable_waits, "casekeep.files.x", "asyncio.wait_for(done.wait(), 1)"),
]

INNOCENT: list[tuple[Rule, str, str]] = [
    (rules.file_size, "casekeep.files.full", "x = 1\n" * 400),
    (rules.function_size, "casekeep.files.full", "def f():\n" + "    x = 1\n" * 59),
    (rules.plain_module_name, "casekeep.files.listing", ""),
    (rules.opens_with_docstring, "casekeep.files.x", '"""One. Two `a.b`. Three (see RFC 9110)."""'),
    (rules.exceptions_have_reasons, "casekeep.files.x", "x = 1  # noqa: E501 - a long address"),
    (rules.sql_in_its_place, "casekeep.files.queries", "q = 'select id from files'"),
    (rules.sql_in_its_place, "casekeep.files.queries_lists", "q = 'select id from files'"),
    (rules.sql_in_its_place, "casekeep.audit.log", "q = 'insert into audit_events values (1)'"),
    (rules.sql_in_its_place, "casekeep.cli.user", "h = 'Select a user from the organisation'"),
    (rules.sql_in_its_place, "casekeep.cli.user", "h = 'update failed'; g = 'listen on a port'"),
    (rules.sql_in_its_place, "casekeep.files.x", '"""select id from files."""'),
    (rules.environment_in_its_place, "casekeep.settings", "import os\nos.environ['A']"),
    (rules.clock_in_its_place, "casekeep.kernel.clock", "datetime.now(UTC)"),
    (rules.clock_in_its_place, "casekeep.files.x", "import time\ntime.monotonic()"),
    (rules.clock_in_its_place, "casekeep.files.x", "from datetime import datetime, UTC"),
    (rules.print_in_its_place, "casekeep.cli.main", "print('here')"),
    (rules.cancellable_waits, "casekeep.files.x", "asyncio.timeout(1)"),
]


def _name(value: object) -> str:
    return getattr(value, "__name__", None) or str(value)[:40]


@pytest.mark.parametrize(("rule", "name", "text"), VIOLATIONS, ids=_name)
def test_a_violation_is_caught(rule: Rule, name: str, text: str) -> None:
    assert list(rule(parse(text, name)))


@pytest.mark.parametrize(("rule", "name", "text"), INNOCENT, ids=_name)
def test_the_allowed_neighbour_is_not(rule: Rule, name: str, text: str) -> None:
    assert not list(rule(parse(text, name)))


def test_every_rule_is_tried_both_ways() -> None:
    every = {*rules.EVERYWHERE, *rules.IN_THE_HOUSE}

    assert {rule for rule, _, _ in VIOLATIONS} == every
    assert {rule for rule, _, _ in INNOCENT} == every
