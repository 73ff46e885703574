"""Cleans what people write: names and the like on one line, longer texts on several. Joiners stay,
which Persian and Indic names are spelled with; what would turn a text around never gets in.
"""

import unicodedata
from collections.abc import Collection

from casekeep.kernel.errors import InputNotValid

_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_TURNS = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
"""Embeddings, overrides and isolates (Unicode Standard Annex 9, section 2)."""
_LAYOUT = {"\n", "\t"}


def one_line(text: str, field: str) -> str:
    """`text` with every run of white space made one space; empty if nothing of it can be seen.

    Raises InputNotValid, naming `field`, for control characters and those that turn the direction.
    """
    line = " ".join(text.split())
    return _seen(line, field)


def some_lines(text: str, field: str) -> str:
    """`text` without what surrounds it, its line ends made one kind; empty if nothing of it can be
    seen.

    Raises InputNotValid, naming `field`, for control characters other than line ends and tabs, and
    for those that turn the direction.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _seen(lines, field, but=_LAYOUT)


def without_controls(text: str) -> str:
    """`text` without the characters that `some_lines` refuses, for what people paste together."""
    kept = {*_LAYOUT, "\r"}
    return "".join(each for each in text if each in kept or not _is_refused(each))


def _is_refused(each: str) -> bool:
    return each in _TURNS or unicodedata.category(each) in _UNSEEN


def _seen(text: str, field: str, *, but: Collection[str] = ()) -> str:
    for each in text:
        if _is_refused(each) and each not in but:
            raise InputNotValid(f"{field} may not hold control characters")
    return text if any(each.isprintable() and not each.isspace() for each in text) else ""
