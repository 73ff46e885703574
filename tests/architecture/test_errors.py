"""Each edge has words for every fact that can refuse a request, and for nothing else."""

import importlib

import pytest

from casekeep.kernel.errors import CaseNotVisible, DomainError, FileEmpty, FileNotVisible, leaves

Table = dict[type[DomainError], object]


def disagreements(table: Table, facts: set[type[DomainError]]) -> list[str]:
    return [f"no words for {each.__name__}" for each in facts - set(table)] + [
        f"words without a fact: {each.__name__}" for each in set(table) - facts
    ]


@pytest.mark.parametrize("edge", ["clinician_api", "portal_api"])
def test_the_table_has_every_fact(edge: str) -> None:
    table: Table = importlib.import_module(f"casekeep.{edge}.errors").TABLE

    assert not disagreements(table, leaves())


def test_a_fact_without_words_and_words_without_a_fact_are_caught() -> None:
    table: Table = {CaseNotVisible: "404", FileEmpty: "400"}

    assert disagreements(table, {CaseNotVisible, FileNotVisible}) == [
        "no words for FileNotVisible",
        "words without a fact: FileEmpty",
    ]
