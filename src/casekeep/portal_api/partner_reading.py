"""Reads what a partner's software asks for about cases, strictly: which of them, from when to when,
and how it wants their files.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from casekeep.cases.detail import Window
from casekeep.files.handing import LARGEST_PAGE, Handing
from casekeep.identity.contacts import clean_email
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CaseId

from .reading import read_uuid

STAGES = (
    "OPEN", "ASSIGNED", "IN_PROGRESS", "APPROVED", "REJECTED", "NO_DECISION", "ABANDONED",
)  # fmt: skip
USUAL_PAGE = 20
"""Cases of a page when nobody says how many."""

_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII | re.IGNORECASE
)
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
_FORMATS = {"base64": Handing.AS_BYTES, "url": Handing.AS_LINKS}
_YES_OR_NO = {"true": True, "false": False}


def read_window(given: Mapping[str, str]) -> Window:
    """Which cases of a list are wanted. Raises InputNotValid."""
    after = given.get("after")
    return Window(
        _time(given.get("startTime"), "startTime"),
        _time(given.get("endTime"), "endTime"),
        _stages(given.get("status")),
        _limit(given.get("recordsPerPage")),
        None if after is None else CaseId(read_uuid(after)),
    )


def read_handing(given: Mapping[str, str], usual: Handing | None = None) -> Handing:
    """How the files of cases are wanted. `usual`: when they are wanted, and nothing says how.

    Raises InputNotValid.
    """
    wanted = _YES_OR_NO.get(given.get("includeAttachments", "false"))
    how = _FORMATS.get(given["documentFormat"]) if "documentFormat" in given else usual
    if wanted is None or (how is None and (wanted or "documentFormat" in given)):
        raise InputNotValid("includeAttachments=true needs a documentFormat: base64 or url")
    return how if wanted and how else Handing.NOT


def read_wanted(given: Mapping[str, str]) -> CaseId | str:
    """A case id, or else the email address of a patient; each must be one where it is given.

    Raises InputNotValid.
    """
    if "caseId" not in given:
        return read_email(given)
    if "email" in given:
        read_email(given)
    return CaseId(read_uuid(given["caseId"]))


def read_email(given: Mapping[str, str]) -> str:
    """The email address of a patient. Raises InputNotValid."""
    return clean_email(given.get("email", ""))


def _time(text: str | None, name: str) -> datetime:
    """A date-time with its zone (RFC 3339); what is finer than a microsecond is cut off."""
    try:
        if text is not None and _TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InputNotValid(f"{name} must be an ISO 8601 date-time with a zone")


def _stages(text: str | None) -> frozenset[str]:
    if text is None:
        return frozenset()
    stages = frozenset(text.split(","))
    if not stages.issubset(STAGES):
        raise InputNotValid("status must be one or several of the case statuses")
    return stages


def _limit(text: str | None) -> int:
    if text is None:
        return USUAL_PAGE
    if not _NUMBER.fullmatch(text) or int(text) > LARGEST_PAGE:
        raise InputNotValid(f"recordsPerPage must be a number from 1 to {LARGEST_PAGE}")
    return int(text)
