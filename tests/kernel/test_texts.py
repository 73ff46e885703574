"""What may stand on one line, and on several."""

import sys
import unicodedata

import pytest

from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.texts import one_line, some_lines, without_controls

TURNING = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def is_refused(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in TURNING


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        (" \t\n\u2028", ""),
        ("\u200d\u200c ", ""),
        (" Pat \r\n van  der\u00a0Example ", "Pat van der Example"),
        ("نوید\u200cپور", "نوید\u200cپور"),
        ("שם\u200f", "שם\u200f"),
        ("O'Brien-Łódź 李", "O'Brien-Łódź 李"),
    ],
)
def test_white_space_is_one_space_and_joiners_stay(text: str, line: str) -> None:
    assert one_line(text, "name") == line


@pytest.mark.parametrize("bad", [*"\0\x07\x1b\x7f\x80\u202a\u202e\u2066\u2069", "\ud800"])
def test_control_and_direction_characters_are_refused(bad: str) -> None:
    with pytest.raises(InputNotValid, match="name may not hold control characters"):
        one_line(f"Pat{bad} Example", "name")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ""),
        (" \r\n\t ", ""),
        ("\u200d\n\u200c", ""),
        (" one \r\n\ttwo\r three  words \n", "one \n\ttwo\n three  words"),
    ],
)
def test_lines_and_tabs_stay_and_line_ends_are_of_one_kind(text: str, lines: str) -> None:
    assert some_lines(text, "allergies") == lines


@pytest.mark.parametrize("bad", [*"\0\x07\x0b\x1b\x7f\x85\u2028\u202e\u2066", "\ud800"])
def test_other_control_and_direction_characters_are_refused(bad: str) -> None:
    with pytest.raises(InputNotValid, match="allergies may not hold control characters"):
        some_lines(f"nuts{bad}\npollen", "allergies")


def test_exactly_what_unicode_calls_controls_halves_and_separators_is_refused() -> None:
    for character in map(chr, range(sys.maxunicode + 1)):
        kept = character in "\n\t\r" or not is_refused(character)
        assert without_controls(character) == (character if kept else "")
        try:
            some_lines(f"a{character}b", "text")
        except InputNotValid:
            assert not kept
        else:
            assert kept
