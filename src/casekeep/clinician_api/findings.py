"""The call by which an administrator sees which stored files are damaged, and which were. It names
files by their ids alone.
"""

from collections.abc import Mapping
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter

from casekeep.files.verifying.listing import list_findings
from casekeep.files.verifying.model import Damage, Finding
from casekeep.http.connections import house_of
from casekeep.http.timestamps import seconds

from .errors import FieldsNotValid, field_problem
from .openapi import BEARER, ROLE_REFUSED, Told, WithoutBadRequest, refusals
from .proof import SignedInRequest, require_token
from .wire import Timestamp, read_uuid

T = TypeVar("T")

_LARGEST_PAGE = 200
_USUAL_LIMIT = 50
_KINDS = {kind.value: kind for kind in Damage}
_STATES = {"open": False, "mended": True}
_NOT_A_KIND = f"Input should be one of {', '.join(_KINDS)}"
_NOT_A_STATE = "Input should be open or mended"
_NOT_AN_ID = "Input should be a UUID"
_KIND_REFUSED = Told(422, [field_problem("query", "kind", _NOT_A_KIND, "lost")])

_Kind = Annotated[
    str | None,
    QueryParameter(
        description="Only findings of this kind.",
        schema_extra={"one_of": None, "type": "string", "enum": [*_KINDS]},
    ),
]
_State = Annotated[
    str | None,
    QueryParameter(
        name="state",  # which the framework keeps for itself as the name of an argument
        description="Only what is so still (`open`), or what is so no more (`mended`).",
        schema_extra={"one_of": None, "type": "string", "enum": [*_STATES]},
    ),
]
_After = Annotated[
    str | None,
    QueryParameter(
        description="The `next` of the page before.",
        schema_extra={"one_of": None, "type": "string", "format": "uuid"},
    ),
]
_Limit = Annotated[
    str | None,
    QueryParameter(
        description=f"Findings on a page; {_USUAL_LIMIT} if not said.",
        schema_extra={"one_of": None, "type": "integer", "minimum": 1, "maximum": _LARGEST_PAGE},
    ),
]


class FindingOut(msgspec.Struct, frozen=True):
    """What is, or was, wrong with the stored bytes of a file. `kind`: `missing`, `truncated`,
    `altered`, `unreadable`, or `orphaned` for bytes that no file answers for.
    """

    finding_id: UUID
    file_id: UUID
    kind: str
    first_seen_at: Timestamp
    last_seen_at: Timestamp
    mended_at: Timestamp | None


class FindingsOut(msgspec.Struct, frozen=True):
    """A page of findings, newest first; `next` is the `after` of the following one."""

    findings: list[FindingOut]
    next: UUID | None


@get(
    "/findings",
    summary="List damaged files",
    operation_class=WithoutBadRequest,
    responses=refusals(ROLE_REFUSED, _KIND_REFUSED),
)
async def findings(
    request: SignedInRequest,
    kind: _Kind = None,
    in_state: _State = None,
    after: _After = None,
    limit: _Limit = None,
) -> FindingsOut:
    """What checks of the stored bytes have found, the newest first. For administrators."""
    house, actor = house_of(request), request.auth.actor
    damage = None if kind is None else _read_word("kind", kind, _KINDS, _NOT_A_KIND)
    mended = None if in_state is None else _read_word("state", in_state, _STATES, _NOT_A_STATE)
    behind = None if after is None else read_uuid(after, "after", _NOT_AN_ID, "query")
    most = _read_limit(limit)
    page = await list_findings(
        house.db, house.audit, actor, damage=damage, mended=mended, after=behind, most=most
    )
    return FindingsOut([_finding_out(each) for each in page.findings], page.after)


def _read_word(name: str, text: str, words: Mapping[str, T], message: str) -> T:
    if text not in words:
        raise FieldsNotValid(field_problem("query", name, message, text))
    return words[text]


def _read_limit(text: str | None) -> int:
    if text is None:
        return _USUAL_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _LARGEST_PAGE):
        message = f"Input should be a whole number from 1 to {_LARGEST_PAGE}"
        raise FieldsNotValid(field_problem("query", "limit", message, text))
    return int(text)


def _finding_out(finding: Finding) -> FindingOut:
    mended_at = finding.mended_at
    return FindingOut(
        finding.id,
        finding.file_id,
        finding.damage.value,
        seconds(finding.first_seen_at),
        seconds(finding.last_seen_at),
        None if mended_at is None else seconds(mended_at),
    )


router = Router(
    path="/admin",
    route_handlers=[findings],
    guards=[require_token],
    security=[BEARER],
    tags=["Storage"],
)
"""Ours: the published contract has no such call."""
