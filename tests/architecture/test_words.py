"""One word per thing: the table in docs/glossary.md says where a word may be used in code."""

import re
from dataclasses import dataclass

from tests.architecture.rules import identifiers
from tests.architecture.source import ROOT, Module, house_modules, parse


@dataclass(frozen=True)
class Word:
    """A word that code may use only inside `rooms` (names below casekeep; none: nowhere)."""

    text: str
    rooms: tuple[str, ...]


def words() -> list[Word]:
    """The rows of the glossary's table of guarded words."""
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    table = glossary.partition("## Guarded words")[2]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", table, re.MULTILINE)
    return [Word(word, tuple(re.findall(r"`(\w+)`", rooms))) for word, rooms in rows]


def misuses(word: Word, module: Module) -> list[str]:
    if module.inside(*(f"casekeep.{room}" for room in word.rooms)):
        return []
    used = [(1, module.name), *identifiers(module)]
    return [
        f"{module.path}:{line}: '{name}' uses the word '{word.text}'"
        for line, name in used
        if word.text in name.lower()
    ]


def test_the_glossary_guards_words() -> None:
    assert "attachment" in {word.text for word in words()}


def test_code_uses_the_words_of_the_glossary() -> None:
    found = [
        each for word in words() for module in house_modules() for each in misuses(word, module)
    ]

    assert not found, "\n" + "\n".join(found)


def test_a_guarded_word_is_caught_outside_its_room() -> None:
    word = Word("attachment", ("portal_api",))
    text = "def list_attachments(): ..."

    assert misuses(word, parse(text, "casekeep.files.listing"))
    assert not misuses(word, parse(text, "casekeep.portal_api.files"))
    assert not misuses(word, parse("x = 'attachment; filename=a'", "casekeep.http.downloads"))
