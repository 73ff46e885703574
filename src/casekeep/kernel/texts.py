"""Cleans what people write: names and the like on one line, longer texts on several. Joiners stay,
which Persian and Indic names are spelled with; what would turn a text around never gets in.
"""

import re

from casekeep.kernel.errors import InputNotValid

# Controls (Cc), halves of characters (Cs), separators of lines and paragraphs (Zl, Zp), and the
# embeddings, overrides and isolates of Unicode Standard Annex 9, section 2. Patterns, since a text
# may be as long as a body, and nothing else happens while it is gone through.
_BUT_LAYOUT = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069"
_REFUSED_IN_LINES = re.compile(f"[{_BUT_LAYOUT}]")
_REFUSED_IN_LINE = re.compile(f"[\\n\\t{_BUT_LAYOUT}]")
_REFUSED_BUT_RETURNS = re.compile(f"(?!\\r)[{_BUT_LAYOUT}]")


def one_line(text: str, field: str) -> str:
    """`text` with every run of white space made one space; empty if nothing of it can be seen.

    Raises InputNotValid, naming `field`, for control characters and those that turn the direction.
    """
    return _seen(" ".join(text.split()), field, _REFUSED_IN_LINE)


def some_lines(text: str, field: str) -> str:
    """`text` without what surrounds it, its line ends made one kind; empty if nothing of it can be
    seen.

    Raises InputNotValid, naming `field`, for control characters other than line ends and tabs, and
    for those that turn the direction.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _seen(lines, field, _REFUSED_IN_LINES)


def without_controls(text: str) -> str:
    """`text` without the characters that `some_lines` refuses, for what people paste together."""
    return _REFUSED_BUT_RETURNS.sub("", text)


def _seen(text: str, field: str, refused: re.Pattern[str]) -> str:
    if refused.search(text):
        raise InputNotValid(f"{field} may not hold control characters")
    return text if any(each.isprintable() and not each.isspace() for each in text) else ""
