"""Reads what a client wrote into a query or a path, strictly: whatever is not exactly what the
contract names is refused, and nothing is guessed.
"""

import re
from uuid import UUID

from casekeep.kernel.errors import InputNotValid

MOST_ROWS = 200

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")


def read_uuid(text: str) -> UUID:
    """A UUID in its usual form of 36 characters. Raises InputNotValid."""
    if not _UUID.fullmatch(text):
        raise InputNotValid("an id must be a UUID")
    return UUID(text)


def read_kind(text: str | None) -> bool | None:
    """The `type` of a list: whether only protected (True) or general (False) files are meant, or
    both (None). Raises InputNotValid.
    """
    if text is None:
        return None
    if text not in {"phi", "general"}:
        raise InputNotValid("type must be phi or general")
    return text == "phi"


def read_limit(text: str | None) -> int | None:
    """The most rows of a page, 1-200. Raises InputNotValid."""
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or int(text) > MOST_ROWS:
        raise InputNotValid(f"limit must be a number from 1 to {MOST_ROWS}")
    return int(text)
