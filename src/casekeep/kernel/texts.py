"""Cleans what is written on one line: names and the like. Joiners stay, which Persian and Indic
names are spelled with; what would break a line or turn a name around never gets in.
"""

import unicodedata

from casekeep.kernel.errors import InputNotValid

_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_TURNS = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
"""Embeddings, overrides and isolates (Unicode Standard Annex 9, section 2)."""


def one_line(text: str, field: str) -> str:
    """`text` with every run of white space made one space; empty if nothing of it can be seen.

    Raises InputNotValid, naming `field`, for control characters and those that turn the direction.
    """
    line = " ".join(text.split())
    if any(each in _TURNS or unicodedata.category(each) in _UNSEEN for each in line):
        raise InputNotValid(f"{field} may not hold control characters")
    return line if any(each.isprintable() for each in line) else ""
