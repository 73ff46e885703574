"""Reads what a client wrote into a query or a path, strictly: whatever is not exactly what the
contract names is refused, and nothing is guessed.
"""

import re
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from casekeep.http.reading import uuid_in
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CaseId

from .proof import AnyRequest

B = TypeVar("B", bound=msgspec.Struct)

MOST_ROWS = 200
"""The most files that a page may have."""

_NUMBER = re.compile(r"[1-9][0-9]{0,2}")


def read_uuid(text: str) -> UUID:
    """A UUID in its usual form of 36 characters. Raises InputNotValid."""
    read = uuid_in(text)
    if read is None:
        raise InputNotValid("an id must be a UUID")
    return read


class ListQuery(NamedTuple):
    """What a list is asked for. `phi`: only protected (True) or only general (False) files."""

    case_id: CaseId | None
    phi: bool | None
    limit: int | None
    after: str | None

    @property
    def is_paged(self) -> bool:
        """Whether the caller wants to know about pages."""
        return self.limit is not None or self.after is not None


_EVERYTHING = ListQuery(None, None, None, None)


def read_list_query(query: bytes) -> ListQuery:
    """The query of a list. Raises InputNotValid."""
    if not query:
        return _EVERYTHING
    given = read_query(query)
    case_id = given.get("caseId")
    return ListQuery(
        None if case_id is None else CaseId(read_uuid(case_id)),
        _read_kind(given.get("type")),
        read_limit(given.get("limit")),
        given.get("after"),
    )


def read_query(query: bytes) -> dict[str, str]:
    """The parameters of a query, each given once: of two, two readers could read two things.

    Raises InputNotValid.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs):
        raise InputNotValid("a query parameter is given twice")
    return given


async def read_strictly(request: AnyRequest, kind: type[B]) -> B:
    """The body as `kind`. The framework has read it before, and took "true" for true; here a value
    is of the kind that it is written as. Raises InputNotValid.
    """
    try:
        return msgspec.convert(await request.json(), kind)
    except msgspec.ValidationError:
        raise InputNotValid("the body is not of its form") from None


def _read_kind(text: str | None) -> bool | None:
    if text is None:
        return None
    if text not in {"phi", "general"}:
        raise InputNotValid("type must be phi or general")
    return text == "phi"


def read_limit(text: str | None) -> int | None:
    """How many rows a page may have, if it was said. Raises InputNotValid."""
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or int(text) > MOST_ROWS:
        raise InputNotValid(f"limit must be a number from 1 to {MOST_ROWS}")
    return int(text)
