"""Reads what both contracts write alike, strictly: nothing is guessed."""

import re
from uuid import UUID

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def uuid_in(text: str) -> UUID | None:
    """The UUID that a text is, in its usual form of 36 characters (RFC 9562, section 4) and no
    other; None if it is none.
    """
    return UUID(text) if _UUID.fullmatch(text) else None
